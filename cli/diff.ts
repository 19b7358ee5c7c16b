import { refuseMovedSites } from "./checks/moved-sites";
import { prepare } from "./deployment";
import { announce } from "./each-stack";
import { refuseToForgetSites } from "./forgotten-sites";
import { withPlan } from "./plan";
import { missingInput } from "./readiness";
import { Refusal } from "./refusal";
import { replacedNodes } from "./replaced-nodes";
import { isComputeStack } from "./stacks";

/**
 * Shows what a deploy of the stacks with these ids (all, when there are none) would change.
 *
 * @returns 0 without and 2 with changes, as `terraform plan -detailed-exitcode`.
 * @throws {Refusal} when a plan fails, or when a deploy would be refused.
 */
export async function diff(ids: readonly string[]): Promise<number> {
  const { deployment, selected } = await prepare(process.env, { name: "diff", changes: false }, ids);
  await refuseToForgetSites(deployment);
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
    const exitCode = await withPlan(deployment.terraform, stack.folder, async (plan) => {
      changes ||= plan.changes;
      const nodes = isComputeStack(stack) ? replacedNodes(await plan.json()) : [];
      if (nodes.length > 1) {
        console.error(`A deploy will refuse to replace ${nodes.join(", ")} together without --all-at-once.`);
      }
      return 0;
    });
    if (exitCode !== 0) {
      throw new Refusal(`${stack.id}: Terraform ended with exit code ${exitCode}; its reason stands above.`);
    }
  }
  return changes ? 2 : 0;
}
