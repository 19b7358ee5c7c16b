import type { z } from "zod";
import type { Problem } from "../problem";
import type { LoadBalancer } from "../services/load-balancer";
import type { NodeSpec } from "./node";

/** What a machine offers to tasks. */
export interface Capacity {
  readonly cpuUnits: number;
  readonly memoryMiB: number;
}

/** A node's machine, as its kind of site knows it. */
export interface Machine {
  /** What everybody may write of a node. */
  readonly spec: NodeSpec;
  /** What of the machine is part of the node's generation: a change of any replaces the node. Order matters. */
  readonly incarnation: readonly (string | undefined)[];
  /** What its stack creates it with, as texts by name; the same names for each node. */
  readonly texts: Readonly<Record<string, string>>;
  /** Undefined where nobody can tell. */
  readonly capacity?: Capacity;
  /** Name of its size or model, for messages about its capacity. */
  readonly model?: string;
  /** Its host name, where the project chooses it. */
  readonly named: boolean;
}

/** A site as every kind has it. */
export interface AnySite {
  readonly kind: string;
  readonly nodes: number | Readonly<Record<string, NodeSpec>>;
}

/** All that the configuration knows of a kind of site. One file of this folder each, and a line in index.ts. */
export interface SiteKind<Site extends AnySite = AnySite> {
  /** Form of such a site; the value of its `kind` is the key in the registry. */
  readonly schema: z.core.$ZodTypeDiscriminable;
  /** Whether services can have load balancers there. */
  readonly loadBalancers: boolean;
  /** The only platform that its machines run; undefined when nobody can tell. */
  readonly platform?: "linux/amd64" | "linux/arm64";
  /** The site's machines by node, in the order of the config. */
  machines(site: Site): ReadonlyMap<string, Machine>;
  /** Hours within which a machine has to register. */
  activationHours(site: Site): number;
  /** Whether a deploy waits for its nodes, and for tasks on them. */
  awaitsNodes(site: Site): boolean;
  /**
   * What is wrong with the sites of this kind, each by itself and all together.
   * @param loadBalancersAt those of all services at a site
   */
  problems(
    sites: ReadonlyMap<string, Site>,
    loadBalancersAt: (site: string) => readonly LoadBalancer[],
  ): Iterable<Problem>;
}

/** The specs of a site's nodes by name: as many as a number says, or those that are named. */
export function specsOf<Spec extends NodeSpec>(
  nodes: number | Readonly<Record<string, Spec>>,
): Readonly<Record<string, Spec | NodeSpec>> {
  return typeof nodes === "number"
    ? Object.fromEntries(Array.from({ length: nodes }, (_, index) => [`node-${index + 1}`, {}]))
    : nodes;
}
