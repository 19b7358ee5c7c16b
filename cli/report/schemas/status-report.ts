import { z } from "zod";
import { fleet } from "../../fleet/fleet";
import { problem } from "../../fleet/problem";

/** The output of `anywhere status --json`. */
export const statusReport = z
  .strictObject({ ...fleet.shape, problems: z.array(problem).describe("The most far-reaching first.") })
  .describe("The parts of a running deployment, as the clouds report them.");

export type StatusReport = z.output<typeof statusReport>;
