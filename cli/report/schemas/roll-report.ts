import { z } from "zod";

/** The output of `anywhere roll --json` at its end; Terraform's output then goes to standard error. */
export const rollReport = z
  .strictObject({
    deployment: z.string(),
    replaced: z.array(z.string()).describe("Nodes that were replaced, as site/node, in this order."),
    left: z.array(z.string()).describe("Nodes whose replacement is still pending."),
    toJoin: z
      .string()
      .nullable()
      .describe("A server on premises that must join before the next one is replaced."),
    problem: z.string().nullable().describe("Why it stopped."),
  })
  .describe("Nodes that were replaced one at a time.");

export type RollReport = z.output<typeof rollReport>;
