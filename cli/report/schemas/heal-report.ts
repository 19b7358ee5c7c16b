import { z } from "zod";

/** The output of `anywhere heal --json`. */
export const healReport = z
  .strictObject({
    deployment: z.string(),
    dryRun: z.boolean(),
    nodes: z.array(
      z.strictObject({
        node: z.string(),
        containerInstance: z.string(),
        lostSince: z.iso.datetime(),
        due: z.boolean().describe("Whether it has been lost for long enough, and its site has another node."),
        deregistered: z.boolean(),
        lastOfSite: z.boolean().describe("Whether no other node of its site could take its tasks."),
      }),
    ),
  })
  .describe("The nodes whose ECS agents aren't connected, and whether they were deregistered.");

export type HealReport = z.output<typeof healReport>;
