import { askForApproval } from "../commands/approval";
import type { Deployment } from "../commands/prepared";
import { makePlan, TerraformFailed } from "../terraform/plan";
import { Refusal } from "../refusals/refusal";
import { activations } from "../terraform/stacks";
import type { PlanJson } from "../terraform/terraform";
import { keyOf, replaceOptions, type NodeKey } from "./node-key";

/**
 * Replaces the activations of these nodes, and no others.
 *
 * @throws {Refusal} when that would replace or delete other activations too, or fails.
 */
export async function renewActivations(
  nodes: readonly NodeKey[],
  { stacks, terraform }: Deployment,
  autoApprove: boolean,
): Promise<void> {
  const producer = stacks.find(({ id }) => id === activations);
  if (producer === undefined) {
    return;
  }
  const keys = nodes.map(keyOf);
  try {
    const options = replaceOptions(await terraform.state(producer.folder), "node", keys);
    const plan = await makePlan(terraform, producer, options);
    refuseOthers(await plan.json(), keys);
    if (!autoApprove) {
      await askForApproval([activations]);
    }
    const exitCode = await terraform.run(producer, ["apply", plan.file]);
    plan.remove();
    if (exitCode !== 0) {
      throw new TerraformFailed(exitCode);
    }
  } catch (error) {
    if (error instanceof TerraformFailed) {
      throw new Refusal(
        `${activations}: ${error.message} Without new activations for ${keys.join(", ")}, nothing else was changed.`,
      );
    }
    throw error;
  }
}

/** A deploy of some nodes must not apply the file's changes to others. */
function refuseOthers({ resource_changes: changes = [] }: PlanJson, keys: readonly string[]): void {
  const others = changes
    .filter(
      ({ name, index, change }) =>
        name === "node" && change.actions.includes("delete") && !keys.includes(String(index)),
    )
    .map(({ index }) => String(index));
  if (others.length > 0) {
    throw new Refusal(
      `${activations}: new activations for ${keys.join(", ")} would also replace or delete those of ${others.join(", ")}, which the ` +
        'configuration changes too. None was changed: deploy everything with "npm run deploy".',
    );
  }
}
