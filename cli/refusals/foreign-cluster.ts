import { executionOf } from "../../config/backend-rules";
import { namesOf, nodeTags } from "../../config/names";
import type { Config } from "../../config/schema";
import { ask, clientSettings } from "../aws/client";
import type { Deployment } from "../commands/prepared";
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
  const foreign = await foreignCluster(config);
  if (foreign !== undefined) {
    throw new Refusal(
      `AWS already has a cluster ${config.name} in ${config.aws.region} (${foreign}), which isn't of this deployment: a ` +
        `deploy would take it over, and a destroy would delete it. Choose another name in ${file} instead of ${config.name}.`,
    );
  }
}

/** What is known of an active cluster of the deployment's name without its tag; undefined when there is none. */
async function foreignCluster(config: Config): Promise<string | undefined> {
  const { DescribeClustersCommand, ECSClient } = await import("@aws-sdk/client-ecs");
  const command = new DescribeClustersCommand({ clusters: [namesOf(config).cluster], include: ["TAGS"] });
  const asked = ask(new ECSClient(clientSettings(config.aws.region)), (ecs) => ecs.send(command));
  // Whatever the reason is, Terraform meets it next, and tells it.
  const { clusters = [] } = await asked.catch(() => ({ clusters: [] }));
  const [found] = clusters.filter(({ status }) => status !== "INACTIVE");
  const own = found?.tags?.some(({ key, value }) => key === nodeTags.deployment && value === config.name);
  return found === undefined || own === true ? undefined : contentOf(found);
}

interface Content {
  readonly activeServicesCount?: number | undefined;
  readonly registeredContainerInstancesCount?: number | undefined;
}

const contentOf = ({
  activeServicesCount: services = 0,
  registeredContainerInstancesCount: nodes = 0,
}: Content) => `services: ${services}, container instances: ${nodes}`;
