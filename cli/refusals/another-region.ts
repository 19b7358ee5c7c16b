import type { Deployment } from "../commands/prepared";
import { Refusal } from "./refusal";
import type { State } from "../terraform/state-file";
import { identityIn, type DeploymentIdentity } from "./own-stack";

/**
 * Makes sure that a deployment stays in its account and region. Elsewhere Terraform would not find it, assume that it
 * was deleted, and create it again.
 *
 * @throws {Refusal} with the setting that has changed, and what to do about it.
 */
export async function refuseAnotherRegion({ environment, stacks, terraform }: Deployment): Promise<void> {
  const { config, file } = environment;
  for (const { folder } of stacks) {
    const deployed = deployedIn(await terraform.state(folder));
    if (deployed === undefined) {
      continue;
    }
    const present = identityIn(config);
    for (const [field, setting] of [
      ["account", "aws.accountId"],
      ["region", "aws.region"],
    ] as const) {
      if (deployed[field] !== present[field]) {
        throw new Refusal(
          `${file}: ${setting} is ${present[field]}, but ${config.name} is deployed in ${deployed[field]}, where nothing ` +
            `would be changed or destroyed any more. Put ${deployed[field]} back; to move, run "npm run destroy" with it, ` +
            `and then deploy with ${present[field]}.`,
        );
      }
    }
    return;
  }
}

/** Where the resources of a state are, as far as it says. */
function deployedIn({ resources, outputs }: State): Omit<DeploymentIdentity, "name"> | undefined {
  if (resources === 0) {
    return undefined;
  }
  const { deployment, cluster_arn: arn } = outputs as {
    readonly deployment?: DeploymentIdentity;
    // All that states of earlier releases say.
    readonly cluster_arn?: string;
  };
  const [, , , region, account] = (arn ?? "").split(":");
  return deployment ?? (region === undefined || account === undefined ? undefined : { region, account });
}
