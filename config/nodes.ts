import { generationOf } from "./generation";
import type { DigitalOceanSite, NodeSpec, Site } from "./schema";

/** One node, complete: its site's values where it has none of its own. */
export interface Node {
  /** Changes with anything about the node that the user changed, and then replaces it. */
  readonly generation: string;
  /** ECS attributes besides the deployment's own. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A node that is a droplet. */
export interface DropletNode extends Node {
  readonly size: string;
  readonly image: string;
}

/** The site's nodes by name, in the order of the config. */
export function nodesOf(site: Site): ReadonlyMap<string, Node> {
  return site.kind === "digitalocean" ? dropletsOf(site) : mapNodes(site.nodes, (spec) => complete(spec, {}));
}

/** The site's nodes as droplets. */
export function dropletsOf(site: DigitalOceanSite): ReadonlyMap<string, DropletNode> {
  return mapNodes(typeof site.nodes === "number" ? numbered(site.nodes) : site.nodes, (spec) => {
    const machine = { size: spec.size ?? site.size, image: spec.image ?? site.image };
    return { ...machine, ...complete(spec, { region: site.region, ...machine }) };
  });
}

function numbered(count: number): Record<string, NodeSpec> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`node-${index + 1}`, {}]));
}

function complete(
  { attributes = {}, replacement = 0 }: NodeSpec,
  machine: { readonly region?: string; readonly size?: string; readonly image?: string },
): Node {
  return { generation: generationOf({ ...machine, attributes, replacement }), attributes };
}

function mapNodes<T>(
  nodes: Readonly<Record<string, NodeSpec>>,
  map: (spec: NodeSpec) => T,
): ReadonlyMap<string, T> {
  return new Map(Object.entries(nodes).map(([name, spec]) => [name, map(spec)]));
}
