import { executionOf } from "../../config/backend-rules";
import type { Deployment } from "../commands/prepared";
import { foreignCluster } from "../fleet/sources/cluster";
import { controlPlane, type Stack } from "../terraform/stacks";
import { deployedOutput } from "./deployed-output";
import { Refusal } from "./refusal";

/**
 * Makes sure that a first deploy doesn't take over somebody else's cluster: to ECS, creating one that exists is no
 * error, and Terraform would then change it, and delete it at the next destroy. One that has this deployment's tag may
 * stem from a deploy that was interrupted. Where AWS doesn't answer, or answers only HCP Terraform, this isn't checked.
 * Source: Amazon ECS API Reference, "CreateCluster".
 *
 * @throws {Refusal} with the name to change.
 */
export async function refuseForeignCluster(
  deployment: Deployment,
  selected: readonly Stack[],
): Promise<void> {
  const { config, file } = deployment.environment;
  if (
    !selected.some(({ id }) => id === controlPlane) ||
    executionOf(config.backend) !== "local" ||
    (await deployedOutput(controlPlane, "cluster_arn", deployment)) !== undefined
  ) {
    return;
  }
  // Terraform meets the same error next, and reports it.
  const foreign = await foreignCluster(config).catch(() => undefined);
  if (foreign !== undefined) {
    const { activeServicesCount: services = 0, registeredContainerInstancesCount: nodes = 0 } = foreign;
    throw new Refusal(
      `AWS already has a cluster ${config.name} in ${config.aws.region} (services: ${services}, container instances: ` +
        `${nodes}), which doesn't belong to this deployment: a deploy would take it over, and a destroy would delete it. ` +
        `Choose a name other than ${config.name} in ${file}.`,
    );
  }
}
