import type { ContainerInstance, ECSClient } from "@aws-sdk/client-ecs";
import { nodeTags } from "../../config/names";
import { keyOf, type NodeKey } from "../nodes/node-key";
import { Refusal } from "../refusals/refusal";
import { containerInstancesOf } from "./sources/ecs";

/** The node that a container instance claims to be, as `site/node`. */
export function nodeOf({ attributes = [] }: ContainerInstance): string | undefined {
  const [site, node] = [nodeTags.site, nodeTags.node].map(
    (name) => attributes.find((attribute) => attribute.name === name)?.value,
  );
  return site === undefined || node === undefined ? undefined : `${site}/${node}`;
}

/**
 * A node's container instance, the newest if there are several.
 *
 * @throws {Refusal} when it has none.
 */
export async function instanceOf(
  client: ECSClient,
  cluster: string,
  node: NodeKey,
): Promise<ContainerInstance> {
  const own = (await containerInstancesOf(client, cluster)).filter((one) => nodeOf(one) === keyOf(node));
  const [newest] = own.sort(
    (one, other) => (other.registeredAt?.getTime() ?? 0) - (one.registeredAt?.getTime() ?? 0),
  );
  if (newest === undefined) {
    throw new Refusal(
      `${keyOf(node)} has no container instance in ${cluster}: "npx anywhere status" shows why.`,
    );
  }
  return newest;
}
