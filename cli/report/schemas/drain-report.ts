import { z } from "zod";

/** The output of `anywhere drain --json` and `anywhere undrain --json`. */
export const drainReport = z
  .strictObject({
    node: z.string(),
    containerInstance: z.string(),
    status: z.enum(["ACTIVE", "DRAINING"]),
    tasks: z.int().describe("Tasks that it runs at the end."),
  })
  .describe("A node that was taken out of service, or back.");
