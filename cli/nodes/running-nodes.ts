import type { ContainerInstance, ECSClient } from "@aws-sdk/client-ecs";
import { namesOf, nodeTags } from "../../config/names";
import type { Config } from "../../config/schema";
import { ask, clientSettings, inParts, reasonOf } from "../aws/client";

/**
 * Those of a site's nodes on which something runs: what runs nothing cannot be interrupted. All of them when ECS
 * can't be asked, which it says then.
 */
export async function runningNodes(
  config: Config,
  site: string,
  nodes: readonly string[],
): Promise<readonly string[]> {
  try {
    const running = await instancesOf(config, site);
    return nodes.filter((node) => running.some((instance) => runs(instance, node)));
  } catch (error) {
    console.error(
      `ECS can't be asked which nodes of site ${site} run something (${reasonOf(error)}): each counts as one that does.`,
    );
    return nodes;
  }
}

async function instancesOf(config: Config, site: string): Promise<readonly ContainerInstance[]> {
  const { ECSClient } = await import("@aws-sdk/client-ecs");
  const { cluster } = namesOf(config);
  const filter = [
    `attribute:${nodeTags.deployment} == ${config.name}`,
    `attribute:${nodeTags.site} == ${site}`,
  ].join(" and ");
  try {
    return await ask(new ECSClient(clientSettings(config.aws.region)), (client) =>
      describe(client, cluster, filter),
    );
  } catch (error) {
    if ((error as Error).name === "ClusterNotFoundException") {
      return [];
    }
    throw error;
  }
}

async function describe(client: ECSClient, cluster: string, filter: string): Promise<ContainerInstance[]> {
  const { DescribeContainerInstancesCommand, paginateListContainerInstances } =
    await import("@aws-sdk/client-ecs");
  const arns: string[] = [];
  for await (const page of paginateListContainerInstances({ client }, { cluster, filter })) {
    arns.push(...(page.containerInstanceArns ?? []));
  }
  const instances: ContainerInstance[] = [];
  // Source: ECS API Reference, DescribeContainerInstances: up to 100 at a time.
  for (const containerInstances of inParts(arns, 100)) {
    const answer = await client.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }));
    instances.push(...(answer.containerInstances ?? []));
  }
  return instances;
}

/** Whether it is this node's and runs tasks. A lost agent's tasks count for ECS, but nobody knows whether they live. */
function runs(instance: ContainerInstance, node: string): boolean {
  const { attributes = [], status, agentConnected, runningTasksCount = 0 } = instance;
  return (
    attributes.some(({ name, value }) => name === nodeTags.node && value === node) &&
    (status === "ACTIVE" || status === "DRAINING") &&
    agentConnected === true &&
    runningTasksCount > 0
  );
}
