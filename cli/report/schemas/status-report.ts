import { z } from "zod";
import { fleet } from "../../fleet/fleet";
import { problem } from "../../fleet/problem";

/** What `anywhere status --json` prints. */
export const statusReport = z
  .strictObject({ ...fleet.shape, problems: z.array(problem).describe("The most far-reaching first.") })
  .describe("What a deployment consists of while it runs, as the clouds tell it.");

export type StatusReport = z.output<typeof statusReport>;
