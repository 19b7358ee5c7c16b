import { z } from "zod";

/** A line of the output of `anywhere logs --json`. */
export const logLine = z
  .strictObject({
    id: z.string(),
    at: z.iso.datetime(),
    task: z.string(),
    container: z.string(),
    message: z.string(),
  })
  .describe("A line that a container has printed.");
