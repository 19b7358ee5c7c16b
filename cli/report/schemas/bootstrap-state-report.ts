import { z } from "zod";

/** The output of `anywhere bootstrap-state --json`. */
export const bootstrapStateReport = z
  .strictObject({
    deployment: z.string(),
    backend: z.enum(["local", "s3", "cloud"]),
    place: z.string().describe("Where the states are, for people."),
    changes: z.array(z.string()).describe("A line for each change; none when there was nothing to do."),
  })
  .describe("The place of the states, and the changes there.");

export type BootstrapStateReport = z.output<typeof bootstrapStateReport>;
