import type { ContainerInstance } from "@aws-sdk/client-ecs";
import { namesOf, nodesWith, nodeTags } from "../../config/names";
import type { Config } from "../../config/schema";
import { ask, clientSettings, inParts, reasonOf } from "../aws/client";

/**
 * Those of a site's nodes that run something: the others can't be interrupted. All of them, with a message, when ECS
 * can't be queried.
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
      `ECS can't be queried for the tasks on the nodes of site ${site} (${reasonOf(error)}): every node counts as running some.`,
    );
    return nodes;
  }
}

async function instancesOf(config: Config, site: string): Promise<readonly ContainerInstance[]> {
  const { DescribeContainerInstancesCommand, ECSClient, paginateListContainerInstances } =
    await import("@aws-sdk/client-ecs");
  const names = namesOf(config);
  const { cluster } = names;
  const ofSite = { cluster, filter: nodesWith(names, site) };
  try {
    return await ask(new ECSClient(clientSettings(config.aws.region)), async (client) => {
      const arns: string[] = [];
      for await (const page of paginateListContainerInstances({ client }, ofSite)) {
        arns.push(...(page.containerInstanceArns ?? []));
      }
      const instances: ContainerInstance[] = [];
      // Source: ECS API Reference, DescribeContainerInstances: up to 100 at a time.
      for (const containerInstances of inParts(arns, 100)) {
        const command = new DescribeContainerInstancesCommand({ cluster, containerInstances });
        instances.push(...((await client.send(command)).containerInstances ?? []));
      }
      return instances;
    });
  } catch (error) {
    if ((error as Error).name === "ClusterNotFoundException") {
      return [];
    }
    throw error;
  }
}

/**
 * Whether it is this node's and runs tasks. ECS counts a lost agent's tasks, but nobody knows whether they still run.
 */
function runs(instance: ContainerInstance, node: string): boolean {
  const { attributes = [], status, agentConnected, runningTasksCount = 0 } = instance;
  return (
    attributes.some(({ name, value }) => name === nodeTags.node && value === node) &&
    (status === "ACTIVE" || status === "DRAINING") &&
    agentConnected === true &&
    runningTasksCount > 0
  );
}
