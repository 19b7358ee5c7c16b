import type { Deployment } from "../commands/deployment";
import { withPlan, type Plan } from "../terraform/plan";
import { Refusal } from "../refusals/refusal";
import { activations } from "../terraform/stacks";
import type { PlanJson } from "../terraform/terraform";
import { keyOf, replaceOptions, type NodeKey } from "./node-key";

/**
 * Replaces the activations of these nodes, and no others.
 *
 * @param applyPlan asks for approval where it is needed.
 * @throws {Refusal} when that would replace or delete other activations too, or fails.
 */
export async function renewActivations(
  nodes: readonly NodeKey[],
  { stacks, terraform }: Deployment,
  applyPlan: (stack: string, folder: string, plan: Plan) => Promise<number>,
): Promise<void> {
  const producer = stacks.find(({ id }) => id === activations);
  if (producer === undefined) {
    return;
  }
  const { id, folder } = producer;
  const keys = nodes.map(keyOf);
  const options = replaceOptions(await terraform.state(folder), "node", keys);
  const use = async (plan: Plan) => {
    refuseOthers(await plan.json(), keys);
    return applyPlan(id, folder, plan);
  };
  const exitCode = await withPlan(terraform, folder, use, { options });
  if (exitCode !== 0) {
    throw new Refusal(
      `${id}: Terraform ended with exit code ${exitCode}; its reason stands above. Without new activations of ` +
        `${keys.join(", ")} nothing else was changed.`,
    );
  }
}

/** What the file says of other nodes is not for a deploy that isn't about them. */
function refuseOthers({ resource_changes: changes = [] }: PlanJson, keys: readonly string[]): void {
  const others = changes
    .filter(
      ({ name, index, change }) =>
        name === "node" && change.actions.includes("delete") && !keys.includes(String(index)),
    )
    .map(({ index }) => String(index));
  if (others.length > 0) {
    throw new Refusal(
      `${activations}: with new activations of ${keys.join(", ")} those of ${others.join(", ")} would go, which the ` +
        'configuration changes too. Nothing was changed: deploy all of it with "npm run deploy".',
    );
  }
}
