import { z } from "zod";

/** The output of `anywhere rollback --list --json`. */
export const rollbackReport = z
  .strictObject({
    deployment: z.string(),
    service: z.string(),
    images: z
      .array(
        z.strictObject({
          tag: z.string(),
          pushedAt: z.iso.datetime(),
          commit: z.string().nullable().describe("The commit it was built from, if known."),
          mebibytes: z.int(),
          deployed: z.boolean().describe("Whether a site of the service runs it."),
          failed: z
            .boolean()
            .describe("Whether its last roll-out failed at a site, as far back as ECS remembers."),
        }),
      )
      .describe("The newest first."),
  })
  .describe("The images of a service that ECR has.");

export type RollbackReport = z.output<typeof rollbackReport>;
