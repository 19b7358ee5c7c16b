import type { ECSClient } from "@aws-sdk/client-ecs";
import { replaceTag } from "../../config/names";
import type { Config } from "../../config/schema";
import { containerInstancesOf } from "../fleet/sources/ecs";
import { withCluster } from "../fleet/sources/cluster";
import type { Fleet, FleetNode } from "../fleet/fleet";
import { nodeOf } from "../fleet/node-instance";
import { nodeIn } from "../fleet/steadiness";
import type { DeployedNode } from "./kept-generations";
import { isAmong, keyOf, type NodeKey } from "./node-key";

/**
 * The nodes whose replacement is pending: those that the configuration has changed since they were deployed, and
 * droplets that aren't nodes, such as after a failed roll. These run nothing and come first.
 */
export function pendingNodes(
  fleet: Fleet,
  candidates: readonly NodeKey[],
  deployed: readonly DeployedNode[],
): FleetNode[] {
  const nodes = nodesOf(fleet, candidates);
  const unregistered = nodes.filter((node) => isUnregistered(fleet, node) && isAmong(deployed, node));
  const changed = nodes.filter(({ generation, ...node }) =>
    deployed.some((one) => keyOf(one) === keyOf(node) && one.generation !== generation),
  );
  return [...unregistered, ...changed.filter((node) => !isAmong(unregistered, node))];
}

/**
 * All of these nodes, so that each gets new agents. Each is marked in ECS for replacement, and its replacement has no
 * mark: an interrupted roll continues with those that have one.
 */
export async function markedNodes(
  config: Config,
  fleet: Fleet,
  candidates: readonly NodeKey[],
): Promise<FleetNode[]> {
  const nodes = nodesOf(fleet, candidates);
  return withCluster(config, async (client, cluster) => {
    const instances = await containerInstancesOf(client, cluster);
    const isNode = (name: string | undefined) => nodes.some((node) => keyOf(node) === name);
    const own = instances.filter((instance) => isNode(nodeOf(instance)));
    const marked = own.filter(({ tags = [] }) => tags.some(({ key }) => key === replaceTag));
    const going = marked.length > 0 ? marked : own;
    if (marked.length === 0) {
      await mark(
        client,
        going.flatMap(({ containerInstanceArn }) => containerInstanceArn ?? []),
        fleet.at,
      );
    }
    const names = going.map(nodeOf);
    return [
      ...nodes.filter((node) => isUnregistered(fleet, node)),
      ...nodes.filter((node) => names.includes(keyOf(node))),
    ];
  });
}

async function mark(client: ECSClient, arns: readonly string[], at: string): Promise<void> {
  const { TagResourceCommand } = await import("@aws-sdk/client-ecs");
  for (const resourceArn of arns) {
    await client.send(new TagResourceCommand({ resourceArn, tags: [{ key: replaceTag, value: at }] }));
  }
}

function nodesOf(fleet: Fleet, candidates: readonly NodeKey[]): FleetNode[] {
  return candidates.flatMap((node) => nodeIn(fleet, node) ?? []);
}

/** A droplet without a registration. A server on premises may just not have joined yet. */
function isUnregistered({ sites }: Fleet, { site, managedInstance, containerInstance }: FleetNode): boolean {
  const isDroplet = sites.find((one) => one.site === site)?.kind === "digitalocean";
  return isDroplet && managedInstance === null && containerInstance === null;
}
