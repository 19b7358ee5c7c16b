import { resolveSites } from "../../config/sites/nodes";
import type { Config } from "../../config/schema";
import { Refusal } from "../refusals/refusal";
import { unknownName } from "../refusals/unknown-name";
import { computeStack, type Stack } from "../terraform/stacks";
import type { State } from "../terraform/state-file";

/** A node among those of all sites. */
export interface NodeKey {
  readonly site: string;
  readonly node: string;
}

/** `site/node`, as users and activations name it. */
export const keyOf = ({ site, node }: NodeKey): string => `${site}/${node}`;

/** Whether a node is one of these. */
export const isAmong = (nodes: readonly NodeKey[], node: NodeKey): boolean =>
  nodes.some((one) => keyOf(one) === keyOf(node));

/** The nodes of every site. */
export function allNodes(config: Pick<Config, "name" | "sites">): NodeKey[] {
  return [...resolveSites(config)].flatMap(([site, { nodes }]) =>
    [...nodes.keys()].map((node) => ({ site, node })),
  );
}

/** The nodes of a compute stack among these. */
export function nodesOfStack<T extends NodeKey>(nodes: readonly T[], { id }: Pick<Stack, "id">): T[] {
  return nodes.filter(({ site }) => computeStack(site) === id);
}

/**
 * The nodes that a user names as `site/node`.
 *
 * @throws {Refusal} with the nodes that there are, when one of them is unknown.
 */
export function parseNodes(keys: readonly string[], config: Pick<Config, "name" | "sites">): NodeKey[] {
  const known = allNodes(config);
  const unknown = keys.filter((key) => !known.some((node) => keyOf(node) === key));
  if (unknown.length > 0) {
    throw new Refusal(unknownName("node", unknown, known.map(keyOf)));
  }
  return known.filter((node) => keys.includes(keyOf(node)));
}

/**
 * Terraform's options to replace those instances of the resource with this name that these keys name and the state has.
 */
export function replaceOptions({ managed }: State, name: string, keys: readonly string[]): string[] {
  return managed
    .filter((resource) => resource.name === name && keys.includes(resource.key ?? ""))
    .map(({ address }) => `-replace=${address}`);
}
