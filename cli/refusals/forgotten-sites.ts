import { namesOf } from "../../config/names";
import type { Deployment } from "../commands/prepared";
import { Refusal } from "./refusal";
import { backendBlock } from "../terraform/backend-block";
import { stateElsewhere } from "./state-elsewhere";
import { computeStack, controlPlane } from "../terraform/stacks";

/**
 * Makes sure that no site has left the config while it is still deployed. Its machines would run on, and the
 * provisioners that deregister them would be gone together with their blocks.
 *
 * @throws {Refusal} that names each such site and the way to remove it.
 */
export async function refuseToForgetSites(deployment: Deployment): Promise<void> {
  const { environment, stacks, terraform } = deployment;
  const known = stacks.find(({ id }) => id === controlPlane);
  if (known === undefined) {
    return;
  }
  const { outputs } = await terraform.state(known.folder);
  const deployed = (outputs["sites"] ?? []) as readonly string[];
  const forgotten: string[] = [];
  for (const site of deployed.filter((name) => !(name in environment.config.sites))) {
    const key = namesOf(environment.config).state(computeStack(site));
    const { resources } = await stateElsewhere(
      backendBlock(environment.config.backend, key),
      stacks,
      terraform,
    );
    if (resources > 0) {
      forgotten.push(
        `Site ${site} is no longer in ${environment.file}, but its stack ${computeStack(site)} is still deployed (resources: ${resources}). ` +
          `Put the site back, run "npm run destroy -- ${computeStack(site)}", and only then remove it. ` +
          "A site under a new name is another site: to rename one, keep the old one until the new one is deployed.",
      );
    }
  }
  if (forgotten.length > 0) {
    throw new Refusal(forgotten.join("\n"));
  }
}
