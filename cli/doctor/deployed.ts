import type { Config } from "../../config/schema";
import { gatherFleet } from "../fleet/gather";
import { problemsOf } from "../fleet/problems";
import { Refusal } from "../refusals/refusal";
import type { Finding } from "../report/schemas/doctor-report";
import { findings } from "./findings";

/** Whether the operator's commands can query the deployment, and whether it has problems. */
export async function deployedFindings(config: Config, variables: NodeJS.ProcessEnv): Promise<Finding[]> {
  const about = "deployment";
  try {
    const fleet = await gatherFleet(config, variables);
    const wrong = fleet.unanswered.map(({ source, reason }) => `${source} can't be queried: ${reason}`);
    const { length } = problemsOf(fleet).filter(({ kind }) => kind !== "unanswered");
    const unchecked = length === 0 ? [] : [`problems: ${length}; "npx anywhere status" shows them`];
    return findings(about, { wrong, unchecked }, "no problems");
  } catch (error) {
    if (error instanceof Refusal) {
      return findings(about, {}, "there is none yet");
    }
    throw error;
  }
}
