import type { Config } from "../../config/schema";
import { problemsOf } from "../fleet/problems";
import type { FleetEvent } from "../fleet/events";
import { observeFleet } from "../fleet/gather";
import type { StatusReport } from "../report/schemas/status-report";

/** The dashboard's data at one moment. */
export interface Look {
  readonly report: StatusReport;
  /** The newest last. */
  readonly events: readonly FleetEvent[];
}

/**
 * Looks at a whole deployment.
 *
 * @throws {Refusal} when the account has no such deployment.
 */
export async function lookAt(config: Config, variables: NodeJS.ProcessEnv): Promise<Look> {
  const names = [...Object.keys(config.services), ...Object.keys(config.jobs)];
  const { fleet, events } = await observeFleet(config, variables, names);
  return { report: { ...fleet, problems: problemsOf(fleet) }, events };
}
