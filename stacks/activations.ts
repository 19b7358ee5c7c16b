import type { Construct } from "constructs";
import type { Config } from "../config/schema";
import type { Sites } from "../config/sites/nodes";
import { Activations, type ActivatedNode } from "../constructs/node/activations";
import { addAwsProvider } from "./aws-provider";
import type { ControlPlaneOutputs } from "./control-plane";
import { perInstance, secretPerInstance, StackOutputs } from "./outputs";
import { ProjectStack } from "./project-stack";

/**
 * An activation for each node of every site. A separate stack, since whoever reads a stack's state gets all of its
 * outputs: only the stacks that create nodes may read the codes.
 */
export class ActivationsStack extends ProjectStack {
  readonly outputs;

  constructor(scope: Construct, config: Config, sites: Sites, controlPlane: ControlPlaneOutputs) {
    super(scope, "activations", config);
    addAwsProvider(this, config);
    const { activation } = new Activations(this, "activations", {
      names: this.names,
      roleName: controlPlane.readBy(this).node_role_name,
      nodes: activatedNodes(sites),
    });

    this.outputs = new StackOutputs(this, {
      activation_ids: perInstance("Id of each node's activation, by site/node.", activation, "id"),
      activation_codes: secretPerInstance(
        "Code of each node's activation, by site/node.",
        activation,
        "activation_code",
      ),
    });
  }
}

/** The activations that nodes register with. */
export type ActivationsOutputs = ActivationsStack["outputs"];

function activatedNodes(sites: Sites): ActivatedNode[] {
  return [...sites].flatMap(([site, { nodes, activationHours: hours }]) =>
    [...nodes].map(([node, { generation, activation: key }]) => ({ site, node, generation, key, hours })),
  );
}
