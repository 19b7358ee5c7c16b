import { refuseMovedSites } from "../refusals/moved-sites";
import { prepare, type Deployment } from "./deployment";
import { announce } from "./each-stack";
import { refuseForgottenStacks } from "../refusals/forgotten-stacks";
import { keyOf } from "../nodes/node-key";
import { spentNodes } from "../nodes/spent-activations";
import { withPlan, type Plan } from "../terraform/plan";
import { missingInput } from "../terraform/readiness";
import { Refusal } from "../refusals/refusal";
import { pushAgain } from "../remedies/published-image";
import { interruptedNodes } from "../refusals/replaced-nodes";
import { isComputeStack, type Stack } from "../terraform/stacks";
import type { PlanJson } from "../terraform/terraform";

/**
 * Shows what a deploy of the stacks with these ids (all, when there are none) would change.
 *
 * @returns 0 without and 2 with changes, as `terraform plan -detailed-exitcode`.
 * @throws {Refusal} when a plan fails, or when a deploy would be refused.
 */
export async function diff(ids: readonly string[]): Promise<number> {
  const { deployment, selected } = await prepare(process.env, { name: "diff", changes: false }, ids);
  const { terraform } = deployment;
  await refuseForgottenStacks(deployment);
  await refuseMovedSites(deployment);
  let changes = false;
  for (const [index, stack] of selected.entries()) {
    announce(stack, index, selected.length);
    const missing = await missingInput(stack, deployment);
    if (missing !== undefined) {
      console.error(`${stack.id} can't be planned yet: ${missing}.`);
      changes = true;
      continue;
    }
    const show = async (plan: Plan) => {
      changes ||= plan.changes;
      if (isComputeStack(stack)) {
        await sayBeforehand(stack, await plan.json(), deployment);
      }
      return 0;
    };
    const options = await pushAgain(stack, terraform);
    const exitCode = await withPlan(terraform, stack.folder, show, { options });
    if (exitCode !== 0) {
      throw new Refusal(`${stack.id}: Terraform ended with exit code ${exitCode}; its reason stands above.`);
    }
  }
  return changes ? 2 : 0;
}

/** Says what a deploy of a site's nodes will do or refuse that its plan doesn't show. */
async function sayBeforehand(stack: Stack, plan: PlanJson, deployment: Deployment): Promise<void> {
  const nodes = await interruptedNodes(stack, plan, deployment);
  if (nodes.length > 1) {
    console.error(`A deploy will refuse to replace ${nodes.join(", ")} together without --all-at-once.`);
  }
  for (const node of await spentNodes(stack, plan, deployment)) {
    console.error(`The activation of ${keyOf(node)} ${node.reason}: a deploy will replace it first.`);
  }
}
