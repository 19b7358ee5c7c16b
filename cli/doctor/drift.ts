import { openDeployment, type Deployment, type Locked } from "../commands/deployment";
import { Refusal } from "../refusals/refusal";
import { counted } from "../report/counted";
import type { Finding } from "../report/schemas/doctor-report";
import { makePlan, TerraformFailed } from "../terraform/plan";
import { missingInput } from "../terraform/readiness";
import type { Stack } from "../terraform/stacks";
import { findings } from "./findings";

const about = "drift";

/** Whether a deploy would change the deployed resources, from a plan of each stack with a state. */
export async function driftFindings(locked: Locked, stacks: readonly Stack[]): Promise<Finding[]> {
  try {
    const all = { stacks, selected: stacks };
    const { deployment } = await openDeployment(locked, all, { name: "diff", changes: false });
    const plans = await Promise.all(stacks.map((stack) => planned(stack, deployment)));
    return findingsOf(plans);
  } catch (error) {
    if (error instanceof Refusal) {
      return findings(about, { unchecked: ['unknown: "npm run diff" shows why'] });
    }
    throw error;
  }
}

/** The result of a stack's plan. */
interface Planned {
  readonly id: string;
  readonly state: "absent" | "same" | "changed" | "failed";
}

async function planned(stack: Stack, deployment: Deployment): Promise<Planned> {
  const { id, folder } = stack;
  const { terraform } = deployment;
  if ((await terraform.state(folder)).resources === 0) {
    return { id, state: "absent" };
  }
  if ((await missingInput(stack, deployment)) !== undefined) {
    return { id, state: "failed" };
  }
  try {
    const plan = await makePlan(terraform, stack, [], "nothing");
    plan.remove();
    return { id, state: plan.changes ? "changed" : "same" };
  } catch (error) {
    if (error instanceof TerraformFailed) {
      return { id, state: "failed" };
    }
    throw error;
  }
}

function findingsOf(plans: readonly Planned[]): Finding[] {
  const those = (wanted: Planned["state"]) =>
    plans.filter(({ state }) => state === wanted).map(({ id }) => id);
  const [changed, failed] = [those("changed").join(", "), those("failed").join(", ")];
  const unchecked = [
    ...(changed === "" ? [] : [`a deploy would change ${changed}: "npm run diff" shows what`]),
    ...(failed === "" ? [] : [`unknown for ${failed}, which can't be planned: "npm run diff" shows why`]),
  ];
  const deployed = plans.length - those("absent").length;
  return findings(
    about,
    { unchecked },
    deployed === 0 ? "nothing is deployed yet" : `none in ${counted(deployed, "stack")}`,
  );
}
