import { z } from "zod";

/** What `anywhere roll --json` prints in the end; Terraform's output is on standard error then. */
export const rollReport = z
  .strictObject({
    deployment: z.string(),
    replaced: z.array(z.string()).describe("Nodes that were replaced, as site/node, in this order."),
    left: z.array(z.string()).describe("Nodes whose replacement is pending still."),
    toJoin: z
      .string()
      .nullable()
      .describe("A server on premises that is to join before the next one is replaced."),
    problem: z.string().nullable().describe("Why it has stopped."),
  })
  .describe("Nodes that were replaced one after the other.");

export type RollReport = z.output<typeof rollReport>;
