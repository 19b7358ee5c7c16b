import type { Config } from "../schema";
import type { Node, ResolvedSite, Sites } from "../sites/nodes";
import type { Container } from "./container";
import { proxy } from "./handover";
import { rolloutOf, type Rollout } from "./rollout";
import type { Service } from "./service";

/** How a service places its tasks at one site and moves them to a new revision. */
export interface Placement extends Rollout {
  /** Desired number of tasks. */
  readonly desiredCount: number;
  /** Whether a deploy waits for them to run. */
  readonly waits: boolean;
}

/** Whether a node has all of these attributes. */
export function hasAttributes({ attributes }: Node, on: Readonly<Record<string, string>>): boolean {
  return Object.entries(on).every(([name, value]) => attributes[name] === value);
}

/** The nodes of a site that may run a service or job. */
export function nodesFor({ nodes }: Pick<ResolvedSite, "nodes">, { on }: Pick<Service, "on">) {
  return [...nodes].filter(([, node]) => hasAttributes(node, on));
}

/** Whether a service is created at a site, even if it has no tasks there yet. */
export function isMadeAt({ placement }: Pick<Service, "placement">, site: string): boolean {
  return placement === "every-node" || site in placement;
}

/** The numbers of tasks that a service sets, by site; none for one that runs on every node. */
export function countsOf({ placement }: Pick<Service, "placement">): Readonly<Record<string, number>> {
  return placement === "every-node" ? {} : placement;
}

/** Whether a service may have tasks at a site. */
export function hasTasksAt(service: Pick<Service, "placement">, site: string): boolean {
  return service.placement === "every-node" || (countsOf(service)[site] ?? 0) > 0;
}

/** Desired tasks of a service at a site; one per node for an `every-node` service. */
function tasksAt(service: Service, name: string, site: ResolvedSite): number {
  return service.placement === "every-node" ? nodesFor(site, service).length : (countsOf(service)[name] ?? 0);
}

/** A task's share of a node. */
export interface Demand {
  readonly cpuUnits: number;
  readonly memoryMiB: number;
}

/** The total for all containers of a task. */
export function demandOf({ cpuUnits, memoryMiB, http }: Container & Pick<Partial<Service>, "http">): Demand {
  const proxied = http?.handover === "proxy";
  return {
    cpuUnits: cpuUnits + (proxied ? proxy.cpuUnits : 0),
    memoryMiB: memoryMiB + (proxied ? proxy.memoryMiB : 0),
  };
}

/** Whether a service certainly runs on each of its nodes: one task on every node, or as many as there are nodes. */
export function fillsItsNodes(service: Service, name: string, site: ResolvedSite): boolean {
  const onePerNode = service.placement === "every-node" || service.http !== undefined;
  return onePerNode && tasksAt(service, name, site) >= nodesFor(site, service).length;
}

/**
 * The most tasks of a service that a site has room for besides all others: with a fixed port, one on each of its nodes;
 * without, as many as memory and CPU allow. Infinity when a node's size is unknown.
 */
export function slotsAt({ services }: Config, asked: Service, name: string, site: ResolvedSite): number {
  if (asked.placement === "every-node" || asked.http !== undefined) {
    return nodesFor(site, asked).length;
  }
  const free = new Map([...site.nodes].map(([node, { capacity }]) => [node, { ...(capacity ?? boundless) }]));
  const roomsOf = (one: Service) => nodesFor(site, one).flatMap(([node]) => free.get(node) ?? []);
  const others = Object.values(services).filter((one) => one !== asked && hasTasksAt(one, name));
  const isCertain = (one: Service) => fillsItsNodes(one, name, site);
  for (const one of others.filter(isCertain)) {
    for (const room of roomsOf(one)) {
      take(room, demandOf(one));
    }
  }
  for (const one of others.filter((one) => !isCertain(one))) {
    const left = new Set(roomsOf(one));
    for (let task = 0; task < tasksAt(one, name, site); task += 1) {
      const [widest] = [...left].sort((a, b) => b.memoryMiB - a.memoryMiB);
      if (widest !== undefined) {
        take(widest, demandOf(one));
        // Each node has a fixed port only once.
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

/** The sites where a service is created, with its placement there. */
export function placementsOf(name: string, config: Config, sites: Sites): ReadonlyMap<string, Placement> {
  const service = config.services[name];
  if (service === undefined) {
    throw new Error(`there is no service ${name}`);
  }
  const made = [...sites].filter(([site]) => isMadeAt(service, site));
  return new Map(
    made.map(([siteName, site]) => {
      const desiredCount = tasksAt(service, siteName, site);
      const room = { slots: slotsAt(config, service, siteName, site), awaited: site.awaitsNodes };
      const waits = site.awaitsNodes && desiredCount > 0;
      return [siteName, { desiredCount, waits, ...rolloutOf(desiredCount, service, room) }];
    }),
  );
}
