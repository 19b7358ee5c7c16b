import type { z } from "zod";
import type { Problem } from "../problem";
import type { LoadBalancer } from "../services/load-balancer";
import type { NodeSpec } from "./node";

/** A machine's resources for tasks. */
export interface Capacity {
  readonly cpuUnits: number;
  readonly memoryMiB: number;
}

/** A node's machine, as its kind of site knows it. */
export interface Machine {
  /** The settings that nodes of every kind have. */
  readonly spec: NodeSpec;
  /**
   * The machine's properties that are part of the node's generation: a change to any replaces the node. Order matters.
   */
  readonly incarnation: readonly (string | undefined)[];
  /** The arguments that its stack creates it with, as texts by name; the same names for each node. */
  readonly texts: Readonly<Record<string, string>>;
  /** Undefined where it is unknown. */
  readonly capacity?: Capacity;
  /** Its size or model, for messages about its capacity. */
  readonly model?: string;
  /** Whether the project chooses its host name. */
  readonly named: boolean;
}

/** A site as every kind has it. */
export interface AnySite {
  readonly kind: string;
  readonly nodes: number | Readonly<Record<string, NodeSpec>>;
}

/**
 * Everything the configuration knows about a kind of site. Each kind has one file in this folder, and a line in
 * index.ts.
 */
export interface SiteKind<Site extends AnySite = AnySite> {
  /** Form of such a site; the value of its `kind` is the key in the registry. */
  readonly schema: z.core.$ZodTypeDiscriminable;
  /** Whether services can have load balancers there. */
  readonly loadBalancers: boolean;
  /** The only platform that its machines run; undefined when it is unknown. */
  readonly platform?: "linux/amd64" | "linux/arm64";
  /** The site's machines by node, in the order of the config. */
  machines(site: Site): ReadonlyMap<string, Machine>;
  /** Hours within which a machine must register. */
  activationHours(site: Site): number;
  /** Whether a deploy waits for its nodes, and for tasks on them. */
  awaitsNodes(site: Site): boolean;
  /**
   * Problems with the sites of this kind, each on its own and all together.
   * @param loadBalancersAt returns the load balancers of all services at a site
   */
  problems(
    sites: ReadonlyMap<string, Site>,
    loadBalancersAt: (site: string) => readonly LoadBalancer[],
  ): Iterable<Problem>;
}

/**
 * The machines of a site's nodes by name, from their specs or their number. Nodes by number have no spec of their own,
 * and share one machine: there may be a thousand.
 */
export function machinesOf<Spec extends NodeSpec>(
  nodes: number | Readonly<Record<string, Spec>>,
  machineOf: (spec: Spec | NodeSpec) => Machine,
): ReadonlyMap<string, Machine> {
  if (typeof nodes === "number") {
    const machine = machineOf({});
    return new Map(Array.from({ length: nodes }, (_, index) => [`node-${index + 1}`, machine]));
  }
  return new Map(Object.entries(nodes).map(([node, spec]) => [node, machineOf(spec)]));
}
