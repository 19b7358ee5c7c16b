import { generationOf } from "./generation";
import { nodeTags } from "./names";
import type { DigitalOceanSite, NodeSpec, OnPremisesSite, Site } from "./schema";

/** One node, complete, as texts: its site's values where it has none of its own. */
export interface Node {
  /** Changes with anything about the node that the user changed, and then replaces it. */
  readonly generation: string;
  /** Key of its activation among those of every site: `site/node`. */
  readonly activation: string;
  /** All its ECS attributes, as a JSON object. */
  readonly attributes: string;
}

/** A node that is a droplet. */
export interface DropletNode extends Node {
  readonly size: string;
  readonly image: string;
}

/** Where a node belongs. */
interface Place {
  readonly deployment: string;
  readonly site: string;
}

/** The names of a site's nodes, in the order of the config. */
export function nodeNames(site: Site): string[] {
  return Object.keys(specs(site));
}

/** A site's droplets by node name. */
export function dropletsOf(place: Place, site: DigitalOceanSite): ReadonlyMap<string, DropletNode> {
  return mapSpecs(site, (node, spec) => {
    const size = spec.size ?? site.size;
    const image = spec.image ?? site.image;
    const vpc = site.vpc === "default" ? site.vpc : site.vpc.ipRange;
    return { size, image, ...complete(place, node, spec, { region: site.region, size, image, vpc }) };
  });
}

/** A site's servers by node name. */
export function serversOf(place: Place, site: OnPremisesSite): ReadonlyMap<string, Node> {
  return mapSpecs(site, (node, spec) => complete(place, node, spec, {}));
}

/** A site's nodes of either kind by node name. */
export function nodesOf(place: Place, site: Site): ReadonlyMap<string, Node> {
  return site.kind === "digitalocean" ? dropletsOf(place, site) : serversOf(place, site);
}

function complete(
  { deployment, site }: Place,
  node: string,
  { attributes = {}, replacement = 0 }: NodeSpec,
  machine: Pick<Parameters<typeof generationOf>[0], "region" | "size" | "image" | "vpc">,
): Node {
  const generation = generationOf({ ...machine, attributes, replacement });
  return {
    generation,
    activation: `${site}/${node}`,
    attributes: JSON.stringify({
      [nodeTags.deployment]: deployment,
      [nodeTags.site]: site,
      [nodeTags.node]: node,
      [nodeTags.generation]: generation,
      ...attributes,
    }),
  };
}

function mapSpecs<T>(site: Site, map: (node: string, spec: NodeSpec) => T): ReadonlyMap<string, T> {
  return new Map(Object.entries(specs(site)).map(([node, spec]) => [node, map(node, spec)]));
}

function specs({ nodes }: Site): Readonly<Record<string, NodeSpec>> {
  return typeof nodes === "number"
    ? Object.fromEntries(Array.from({ length: nodes }, (_, index) => [`node-${index + 1}`, {}]))
    : nodes;
}
