import { z } from "zod";
import { fleet } from "../../fleet/fleet";
import { problem } from "../../fleet/problem";

/** The output of `anywhere status --json`. */
export const statusReport = z
  .strictObject({ ...fleet.shape, problems: z.array(problem).describe("The most far-reaching first.") })
  .describe("What a deployment consists of while it runs, as the clouds tell it.");

export type StatusReport = z.output<typeof statusReport>;
