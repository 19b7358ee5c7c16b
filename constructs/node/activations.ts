import { SsmActivation } from "@cdktf/provider-aws/lib/ssm-activation";
import { Construct } from "constructs";
import { nodeTags, type Names } from "../../config/names";
import { Instances } from "../instances";
import { PlainLocal } from "../plain-local";

/** The node that an activation is for. */
export interface ActivatedNode {
  /** `site/node`. */
  readonly key: string;
  readonly site: string;
  readonly node: string;
  readonly generation: string;
  /** Hours within which the machine has to register. */
  readonly hours: number;
}

/** Props of {@link Activations}. */
export interface ActivationsProps {
  readonly names: Names;
  /** Name of the role that a registered node assumes. */
  readonly roleName: string;
  readonly nodes: readonly ActivatedNode[];
}

/**
 * One single-use hybrid activation per node, by `site/node`. Replaced by a new generation of its node and by
 * nothing else. Source: AWS Systems Manager User Guide, "Create a hybrid activation".
 */
export class Activations extends Construct {
  readonly activation: SsmActivation;

  constructor(scope: Construct, id: string, { names, roleName, nodes }: ActivationsProps) {
    super(scope, id);
    const { deployment } = names;
    const values = nodes.map(
      ({ key, hours, generation, node, site }) =>
        [key, { expiry: `${hours}h`, generation, node, site }] as const,
    );
    const set = new Instances(this, "nodes", values, PlainLocal);
    this.activation = new SsmActivation(this, "node", {
      forEach: set.forEach,
      name: names.node(set.get("site"), set.get("node")),
      // A changed description replaces the activation: a new generation of a node gets a new one.
      description: `Node ${set.key} of ${deployment}, generation ${set.get("generation")}`,
      iamRole: roleName,
      // Left out, every plan would replace the activation.
      registrationLimit: 1,
      expirationDate: `\${timeadd(timestamp(), each.value.expiry)}`,
      // Systems Manager copies them to the managed instance, which scripts find by them.
      tags: {
        [nodeTags.deployment]: deployment,
        [nodeTags.site]: set.get("site"),
        [nodeTags.node]: set.get("node"),
        [nodeTags.generation]: set.get("generation"),
        [nodeTags.identity]: `${deployment}/${set.key}/${set.get("generation")}`,
      },
      lifecycle: {
        // A changed tag or date would replace every activation, and so every code.
        ignoreChanges: ["tags", "tags_all", "expiration_date"],
      },
    });
  }
}
