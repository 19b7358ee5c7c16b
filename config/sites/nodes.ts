import { nodeTags } from "../names";
import type { Config } from "../schema";
import { generationOf } from "./generation";
import { kindOf, siteKinds, type SiteKinds } from "./index";
import type { Machine, SiteKind } from "./kind";

/** One node, complete, with its site's values as defaults. */
export interface Node extends Pick<Machine, "texts" | "capacity" | "model" | "named"> {
  /** Changes whenever the user changes the node, and then replaces it. */
  readonly generation: string;
  /** Key of its activation among those of every site: `site/node`. */
  readonly activation: string;
  /** The user's ECS attributes. */
  readonly attributes: Readonly<Record<string, string>>;
  /** All its ECS attributes, as a JSON object. */
  readonly allAttributes: string;
}

/** A site with the properties of its kind. */
export interface ResolvedSite {
  readonly kind: string;
  /** Whether services can have load balancers there. */
  readonly loadBalancers: boolean;
  /** The only platform that its machines run; undefined when it is unknown. */
  readonly platform: SiteKind["platform"];
  /** Hours within which a machine must register. */
  readonly activationHours: number;
  /** Whether a deploy waits for its nodes, and for tasks on them. */
  readonly awaitsNodes: boolean;
  /** By name, in the order of the config. */
  readonly nodes: ReadonlyMap<string, Node>;
}

/** The sites of a deployment by name, in the order of the config. */
export type Sites = ReadonlyMap<string, ResolvedSite>;

/** Resolves every site of a deployment and its nodes. Nothing else does. */
export function resolveSites(
  { name: deployment, sites }: Pick<Config, "name" | "sites">,
  kinds: SiteKinds = siteKinds,
): Sites {
  return new Map(
    Object.entries(sites).map(([site, settings]) => {
      const kind = kindOf(kinds, settings);
      const generations = new Generations();
      const nodes = [...kind.machines(settings)].map(
        ([node, machine]) => [node, new MachineNode(deployment, site, node, machine, generations)] as const,
      );
      return [
        site,
        {
          kind: settings.kind,
          loadBalancers: kind.loadBalancers,
          platform: kind.platform,
          activationHours: kind.activationHours(settings),
          awaitsNodes: kind.awaitsNodes(settings),
          nodes: new Map(nodes),
        },
      ];
    }),
  );
}

/** A machine as a node. Its longer texts are made only on demand: there may be a thousand nodes. */
class MachineNode implements Node {
  readonly activation: string;

  constructor(
    private readonly deployment: string,
    private readonly site: string,
    private readonly name: string,
    private readonly machine: Machine,
    private readonly generations: Generations,
  ) {
    this.activation = `${site}/${name}`;
  }

  get texts() {
    return this.machine.texts;
  }

  get capacity() {
    return this.machine.capacity;
  }

  get model() {
    return this.machine.model;
  }

  get named() {
    return this.machine.named;
  }

  get attributes() {
    return this.machine.spec.attributes ?? {};
  }

  get generation() {
    return this.generations.of(this.machine);
  }

  get allAttributes() {
    return JSON.stringify({
      [nodeTags.deployment]: this.deployment,
      [nodeTags.site]: this.site,
      [nodeTags.node]: this.name,
      [nodeTags.generation]: this.generation,
      ...this.attributes,
    });
  }
}

/** The generation of each machine, made on first use and kept: a digest takes as long as everything else about a node. */
class Generations {
  private readonly known = new Map<Machine, string>();

  of(machine: Machine): string {
    const { incarnation, spec } = machine;
    const { attributes = {}, replacement = 0 } = spec;
    const generation = this.known.get(machine) ?? generationOf({ incarnation, attributes, replacement });
    this.known.set(machine, generation);
    return generation;
  }
}
