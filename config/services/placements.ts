import type { Config } from "../schema";
import type { Node, ResolvedSite, Sites } from "../sites/nodes";
import type { Container } from "./container";
import { proxy } from "./handover";
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

/** What a task takes of a node. */
export interface Demand {
  readonly cpuUnits: number;
  readonly memoryMiB: number;
}

/** What the containers of a task take together. */
export function demandOf({ cpuUnits, memoryMiB, http }: Container & Pick<Partial<Service>, "http">): Demand {
  const proxied = http?.handover === "proxy";
  return {
    cpuUnits: cpuUnits + (proxied ? proxy.cpuUnits : 0),
    memoryMiB: memoryMiB + (proxied ? proxy.memoryMiB : 0),
  };
}

/** Whether a service is on each of its nodes for certain: one task on every node, or as many as there are nodes. */
export function fillsItsNodes(service: Service, name: string, site: ResolvedSite): boolean {
  const { placement, http } = service;
  return (
    placement === "every-node" ||
    (http !== undefined && (placement[name] ?? 0) >= nodesFor(site, service).length)
  );
}

/**
 * Most tasks of a service that a site has room for at the same time, beside those of all others: with a fixed port one
 * on each of its nodes, without one as many as their memory and CPU allow. Infinity where nobody knows a node's size.
 */
export function slotsAt({ services }: Config, service: string, name: string, site: ResolvedSite): number {
  const asked = services[service];
  if (asked === undefined || asked.placement === "every-node" || asked.http !== undefined) {
    return asked === undefined ? 0 : nodesFor(site, asked).length;
  }
  const free = new Map([...site.nodes].map(([node, { capacity }]) => [node, { ...(capacity ?? boundless) }]));
  const roomsOf = (one: Service) => nodesFor(site, one).flatMap(([node]) => free.get(node) ?? []);
  const others = Object.entries(services)
    .filter(([other, one]) => other !== service && hasTasksAt(one, name))
    .map(([, one]) => one);
  for (const one of others.filter((one) => fillsItsNodes(one, name, site))) {
    for (const room of roomsOf(one)) {
      take(room, demandOf(one));
    }
  }
  for (const one of others.filter((one) => !fillsItsNodes(one, name, site))) {
    const left = new Set(roomsOf(one));
    for (let task = 0; task < (one.placement === "every-node" ? 0 : (one.placement[name] ?? 0)); task += 1) {
      const [widest] = [...left].sort((a, b) => b.memoryMiB - a.memoryMiB);
      if (widest !== undefined) {
        take(widest, demandOf(one));
        // A fixed port is on a node once.
        if (one.http !== undefined) {
          left.delete(widest);
        }
      }
    }
  }
  const { cpuUnits, memoryMiB } = demandOf(asked);
  return roomsOf(asked).reduce(
    (sum, room) =>
      sum + Math.max(0, Math.floor(Math.min(room.memoryMiB / memoryMiB, room.cpuUnits / cpuUnits))),
    0,
  );
}

const boundless: Demand = { cpuUnits: Infinity, memoryMiB: Infinity };

function take(room: { cpuUnits: number; memoryMiB: number }, { cpuUnits, memoryMiB }: Demand): void {
  room.cpuUnits -= cpuUnits;
  room.memoryMiB -= memoryMiB;
}

/** The sites where a service is made, with what it does there. */
export function placementsOf(name: string, config: Config, sites: Sites): ReadonlyMap<string, Placement> {
  const service = config.services[name];
  if (service === undefined) {
    throw new Error(`there is no service ${name}`);
  }
  const made = [...sites].filter(([site]) => isMadeAt(service, site));
  return new Map(
    made.map(([siteName, site]) => {
      const { placement } = service;
      const desiredCount =
        placement === "every-node" ? nodesFor(site, service).length : (placement[siteName] ?? 0);
      const room = { slots: slotsAt(config, name, siteName, site), awaited: site.awaitsNodes };
      const waits = site.awaitsNodes && desiredCount > 0;
      return [siteName, { desiredCount, waits, ...rolloutOf(desiredCount, service, room) }];
    }),
  );
}
