import { z } from "zod";

const ids = z.array(z.string());

/** The output of `anywhere stacks --json`. */
export const stacksReport = z
  .strictObject({
    deployment: z.string(),
    stacks: z.array(
      z.strictObject({
        stack: z.string(),
        folder: z.string().describe("Folder of its Terraform JSON, relative to the project's folder."),
        after: ids.describe("The listed stacks before it."),
        reads: ids.describe("The stacks whose outputs its plan reads; none for a destroy."),
      }),
    ),
  })
  .describe("The stacks as they were synthesised last, in the order in which they are applied.");

export type StacksReport = z.output<typeof stacksReport>;
