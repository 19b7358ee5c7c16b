import { z } from "zod";
import { kinds } from "../../orphans/thing";

/** The output of `anywhere orphans --json`. */
export const orphansReport = z
  .strictObject({
    deployment: z.string(),
    states: z.int().describe("How many stacks have a state; without any, the whole deployment is orphaned."),
    orphans: z.array(
      z.strictObject({
        kind: z.enum(kinds),
        id: z.string(),
        name: z.string(),
        removed: z.boolean(),
        problem: z.string().nullable().describe("Why it could not be removed."),
      }),
    ),
  })
  .describe("The resources that carry a deployment's name and are in no state.");

export type OrphansReport = z.output<typeof orphansReport>;
