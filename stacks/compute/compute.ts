import { NullProvider } from "@cdktf/provider-null/lib/provider";
import { Construct } from "constructs";
import type { Config } from "../../config/schema";
import { drainTimes } from "../../config/services/health";
import { hasTasksAt } from "../../config/services/placements";
import type { ResolvedSite, Sites } from "../../config/sites/nodes";
import { NodeLife } from "../../constructs/node/node-life";
import { Instances } from "../../constructs/instances";
import { PlainLocal } from "../../constructs/plain-local";
import type { ActivationsOutputs } from "../activations";
import { ProjectStack } from "../project-stack";

/** Props of {@link ComputeStack}. */
export interface ComputeProps {
  readonly config: Config;
  /** Name of the site. */
  readonly site: string;
  readonly sites: Sites;
  readonly activations: ActivationsOutputs;
}

/** The nodes of one site. Needs no AWS provider: its scripts use the AWS CLI. */
export abstract class ComputeStack extends ProjectStack {
  /** Name of the site. */
  readonly site: string;
  /** URLs of internal services by name, as tokens of another stack; undefined where the site can have none. */
  readonly internalUrl?: (reader: ProjectStack) => (service: string) => string;
  protected readonly resolved: ResolvedSite;
  private readonly activations: ActivationsOutputs;

  constructor(scope: Construct, { config, site, sites, activations }: ComputeProps) {
    super(scope, `compute-${site}`, config);
    const resolved = sites.get(site);
    if (resolved === undefined) {
      throw new Error(`no site is called ${site}`);
    }
    this.site = site;
    this.resolved = resolved;
    this.activations = activations;
    new NullProvider(this, "null");
  }

  /**
   * The nodes and their lives across both clouds, and the values that a machine needs to become one of them.
   * @param replacing how a user replaces one of them
   * @typeParam Field names of the texts that machines of this kind have
   */
  protected addNodes<Field extends string = never>(replacing: (site: string, node: string) => string) {
    const { config, names, site } = this;
    const texts = [...this.resolved.nodes].map(([name, node]) => {
      const { generation, activation, allAttributes: attributes } = node;
      const machine = node.texts as Readonly<Record<Field, string>>;
      return [name, { activation, attributes, generation, ...machine }] as const;
    });
    const set = new Instances<Field | "generation" | "activation" | "attributes">(
      new Construct(this, "set"),
      "nodes",
      texts,
      PlainLocal,
    );
    const { activation_ids, activation_codes } = this.activations.readBy(this);
    const activation = set.get("activation");
    const activationId = activation_ids(activation);
    const life = new NodeLife(this, "life", {
      nodes: set,
      remedy: replacing(site, set.key),
      drain: drainTimes(Object.values(config.services).filter((service) => hasTasksAt(service, site))),
      names,
      site,
      activationId,
    });
    return { set, life, activationId, activationCode: activation_codes(activation) };
  }

  /** The site's settings, typed by its kind. */
  protected settings<Kind extends Config["sites"][string]["kind"]>(
    kind: Kind,
  ): Extract<Config["sites"][string], { kind: Kind }> {
    const settings = this.config.sites[this.site];
    if (settings?.kind !== kind) {
      throw new Error(`site ${this.site} is not of kind ${kind}`);
    }
    return settings as Extract<Config["sites"][string], { kind: Kind }>;
  }
}
