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
      const nodes = [...kind.machines(settings)].map(
        ([node, machine]) => [node, complete({ deployment, site, node }, machine)] as const,
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

function complete(
  { deployment, site, node }: Readonly<Record<"deployment" | "site" | "node", string>>,
  { spec: { attributes = {}, replacement = 0 }, incarnation, texts, capacity, model, named }: Machine,
): Node {
  // Only for those who ask for it: a digest of each of a thousand nodes takes as long as all else about them.
  let known: string | undefined;
  const generation = (): string => (known ??= generationOf({ incarnation, attributes, replacement }));
  return {
    texts,
    capacity,
    model,
    named,
    activation: `${site}/${node}`,
    attributes,
    get generation() {
      return generation();
    },
    get allAttributes() {
      return JSON.stringify({
        [nodeTags.deployment]: deployment,
        [nodeTags.site]: site,
        [nodeTags.node]: node,
        [nodeTags.generation]: generation(),
        ...attributes,
      });
    },
  };
}
