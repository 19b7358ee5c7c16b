import type { Config } from "../../config/schema";
import { gatherFleet } from "../fleet/gather";
import { problemsOf } from "../fleet/problems";
import { Refusal } from "../refusals/refusal";
import type { Finding } from "../report/schemas/doctor-report";
import { findings } from "./findings";

/** Whether the operator's commands may ask for what is deployed, and whether it is as it should be. */
export async function deployedFindings(config: Config, variables: NodeJS.ProcessEnv): Promise<Finding[]> {
  const about = "deployment";
  try {
    const fleet = await gatherFleet(config, variables);
    const wrong = fleet.unanswered.map(({ source, reason }) => `${source} can't be asked: ${reason}`);
    const { length } = problemsOf(fleet).filter(({ kind }) => kind !== "unanswered");
    const unchecked = length === 0 ? [] : [`problems: ${length}; "npx anywhere status" tells them`];
    return findings(about, { wrong, unchecked }, "no problems");
  } catch (error) {
    if (error instanceof Refusal) {
      return findings(about, {}, "there is none yet");
    }
    throw error;
  }
}
