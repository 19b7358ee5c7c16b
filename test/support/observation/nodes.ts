import { findSite, listDroplets, type ListedInstance } from "./clouds";
import type { LifeCycle } from "../deployments/life-cycle";
import type { SiteSettings } from "../deployments/sample-environment";

/** A DigitalOcean site with these nodes. */
export function dropletSite(...nodes: readonly string[]): SiteSettings {
  return {
    kind: "digitalocean",
    region: "ams3",
    nodes: Object.fromEntries(nodes.map((node) => [node, {}])),
  };
}

/** The same site with the `replacement` of these nodes raised. */
export function raised(site: SiteSettings, ...nodes: readonly string[]): SiteSettings {
  const specs = Object.entries(site.nodes).map(([node, spec]) => [
    node,
    nodes.includes(node) ? { ...(spec as object), replacement: 1 } : (spec as object),
  ]);
  return { ...site, nodes: Object.fromEntries(specs) as SiteSettings["nodes"] } as SiteSettings;
}

/** A registered node. */
export interface RegisteredNode extends ListedInstance {
  /** Last part of the container instance's ARN. */
  readonly id: string;
}

/** The registered nodes of a site, each by its name. */
export type RegisteredNodes = (node: string) => RegisteredNode;

/** Looks up the registered nodes of a site; asking for one that isn't registered is an Error. */
export async function nodesOf({ cloud, deployment }: LifeCycle, site: string): Promise<RegisteredNodes> {
  const { containerInstances } = await findSite(cloud, deployment, site);
  return (node) => {
    const listed = containerInstances.find((instance) => instance.node === node);
    if (listed === undefined) {
      throw new Error(`${site}/${node} is not registered`);
    }
    return { ...listed, id: listed.arn.split("/").at(-1) ?? "" };
  };
}

/** Id of a node's droplet. */
export async function dropletIdOf(
  { cloud, deployment }: LifeCycle,
  site: string,
  node: string,
): Promise<string> {
  const name = `${deployment}--${site}--${node}`;
  const droplet = (await listDroplets(cloud, name)).find((one) => one.name === name);
  if (droplet === undefined) {
    throw new Error(`there is no droplet ${name}`);
  }
  return String(droplet.id);
}

/** Name of the machine that a node's droplet runs on. */
export async function machineOf(life: LifeCycle, site: string, node: string): Promise<string> {
  return `droplet-${await dropletIdOf(life, site, node)}`;
}

/** Addresses of what belongs to a node and is replaced with it, sorted. */
export const partsOf = (node: string) => [
  `digitalocean_droplet.node["${node}"]`,
  `null_resource.deregistration["${node}"]`,
  `null_resource.generation["${node}"]`,
  `null_resource.guard["${node}"]`,
  `null_resource.registration["${node}"]`,
];
