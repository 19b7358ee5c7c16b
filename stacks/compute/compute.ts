import { NullProvider } from "@cdktf/provider-null/lib/provider";
import type { Construct } from "constructs";
import { healthTimes } from "../../config/health";
import type { Node } from "../../config/nodes";
import type { Config } from "../../config/schema";
import { NodeLife } from "../../constructs/node/node-life";
import { NodeSet } from "../../constructs/node/node-set";
import type { ActivationsOutputs } from "../activations";
import { ProjectStack } from "../project-stack";

/** The nodes of one site. Needs no AWS provider: its scripts use the AWS CLI. */
export abstract class ComputeStack extends ProjectStack {
  constructor(
    scope: Construct,
    config: Config,
    /** Name of the site. */
    readonly site: string,
    private readonly activations: ActivationsOutputs,
  ) {
    super(scope, `compute-${site}`, config);
    new NullProvider(this, "null");
  }

  /**
   * The nodes and their lives across both clouds, and what a machine needs in order to become one of them.
   * @param replacing how a user replaces one of them
   */
  protected addNodes<Field extends string>(
    nodes: ReadonlyMap<string, Readonly<Record<Field | keyof Node, string>>>,
    replacing: (site: string, node: string) => string,
  ) {
    const { config, names, site } = this;
    const set = new NodeSet(this, "set", nodes);
    const { activation_ids, activation_codes } = this.activations.readBy(this);
    const activation = set.get("activation");
    const activationId = activation_ids(activation);
    const generation = set.get("generation");
    const place = { name: config.name, site, node: set.key, generation, cluster: names.cluster };
    const life = new NodeLife(this, "life", {
      nodes: set,
      remedy: replacing(site, set.key),
      drain: healthTimes(config.application.health).drain,
      identity: { ...place, awsRegion: config.aws.region, account: config.aws.accountId, activationId },
    });
    return { set, life, activationId, activationCode: activation_codes(activation) };
  }
}
