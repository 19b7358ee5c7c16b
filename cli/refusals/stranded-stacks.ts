import type { Deployment } from "../commands/prepared";
import { activations, controlPlane, type Stack } from "../terraform/stacks";
import { refuseForgottenStacks } from "./forgotten-stacks";
import { Refusal } from "./refusal";

/**
 * Makes sure that no remaining stack reads a destroyed one's outputs: it could neither be changed nor be destroyed any
 * more.
 *
 * @throws {Refusal} with those that would stay.
 */
export async function refuseStrandedStacks(
  selected: readonly Stack[],
  deployment: Deployment,
): Promise<void> {
  const going = selected.map(({ id }) => id);
  const stranded: string[] = [];
  for (const { id, folder, reads } of deployment.stacks) {
    if (!going.includes(id) && reads.some((producer) => going.includes(producer))) {
      const { resources } = await deployment.terraform.state(folder);
      stranded.push(...(resources > 0 ? [`${id} (resources: ${resources})`] : []));
    }
  }
  if (stranded.length > 0) {
    throw new Refusal(
      `${going.join(", ")} can't be destroyed before the stacks that read its outputs: ${stranded.join(", ")}. ` +
        'Name them too, or destroy everything: "npm run destroy".',
    );
  }
  // Nodes of a forgotten site need both, and their stack isn't among those examined above.
  if (going.includes(controlPlane) || going.includes(activations)) {
    await refuseForgottenStacks(deployment);
  }
}
