import type { Node, ResolvedSite, Sites } from "../sites/nodes";
import { rolloutOf, type Rollout } from "./rollout";
import type { Service } from "./service";

/** How one site's service places its tasks, and moves them to a new revision. */
export interface Placement extends Rollout {
  /** Tasks that are to run; of an `every-node` service one for each node. */
  readonly desiredCount: number;
  /** Whether a deploy waits until they run. */
  readonly waits: boolean;
}

/** Whether a node has all of these attributes. */
export function hasAttributes({ attributes }: Node, on: Readonly<Record<string, string>>): boolean {
  return Object.entries(on).every(([name, value]) => attributes[name] === value);
}

/** The nodes of a site that may run something. */
export function nodesFor({ nodes }: Pick<ResolvedSite, "nodes">, { on }: Pick<Service, "on">) {
  return [...nodes].filter(([, node]) => hasAttributes(node, on));
}

/** Whether a service is made at a site, even if with no tasks yet. */
export function isMadeAt({ placement }: Pick<Service, "placement">, site: string): boolean {
  return placement === "every-node" || site in placement;
}

/** Whether a service may have tasks at a site. */
export function hasTasksAt({ placement }: Pick<Service, "placement">, site: string): boolean {
  return placement === "every-node" || (placement[site] ?? 0) > 0;
}

/** The sites where a service is made, with what it does there. */
export function placementsOf(service: Service, sites: Sites): ReadonlyMap<string, Placement> {
  const { placement } = service;
  return new Map(
    [...sites]
      .filter(([name]) => isMadeAt(service, name))
      .map(([name, site]) => {
        const desiredCount =
          placement === "every-node" ? nodesFor(site, service).length : (placement[name] ?? 0);
        const waits = site.awaitsNodes && desiredCount > 0;
        return [name, { desiredCount, waits, ...rolloutOf(desiredCount, service) }];
      }),
  );
}
