import { z } from "zod";

const count = z.int().min(0);

/** The output of `anywhere check --json`. */
export const checkReport = z
  .strictObject({
    deployment: z.string(),
    destroy: z.boolean().describe("Whether the plans were checked as those of a destroy."),
    refusals: z.array(z.string()).describe("Of the deployment as a whole: none of the plans may be applied."),
    stacks: z.array(
      z.strictObject({
        stack: z.string(),
        changes: z
          .strictObject({ create: count, update: count, replace: count, delete: count })
          .describe("How many resources the plan changes, by kind of change."),
        outputsChange: z
          .boolean()
          .describe("Whether its outputs will change: stacks that read them can't be planned before."),
        refusals: z.array(z.string()).describe("Why this plan may not be applied."),
      }),
    ),
  })
  .describe("The changes of saved plans, and why they may not be applied.");

export type CheckReport = z.output<typeof checkReport>;
