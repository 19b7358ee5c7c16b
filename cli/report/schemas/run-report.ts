import { z } from "zod";

/** The output of `anywhere run --json`. */
export const runReport = z
  .strictObject({
    deployment: z.string(),
    of: z.string().describe("The service or job."),
    tasks: z.array(
      z.strictObject({
        id: z.string(),
        node: z.string().nullable().describe("Its node, as site/node."),
        status: z.string(),
        exitCode: z.int().nullable().describe("With --wait: of the command, unless it never ran."),
        reason: z.string().nullable().describe("With --wait: why it stopped."),
      }),
    ),
  })
  .describe("Tasks that were run by hand; with --wait, after they have ended.");

export type RunReport = z.output<typeof runReport>;
