import type { Construct } from "constructs";
import { nodesOf } from "../config/nodes";
import type { Config, Site } from "../config/schema";
import { Activations, type ActivatedNode } from "../constructs/node/activations";
import { addAwsProvider } from "./aws-provider";
import type { ControlPlaneOutputs } from "./control-plane";
import { perInstance, secretPerInstance, StackOutputs } from "./outputs";
import { ProjectStack } from "./project-stack";

/** A droplet uses its activation minutes after it was made; the rest is for plans that wait for an approval. */
const dropletHours = 24;

/**
 * An activation for each node of every site. A stack of its own, since whoever reads a stack's state gets all of its
 * outputs: only what creates nodes may read the codes.
 */
export class ActivationsStack extends ProjectStack {
  readonly outputs;

  constructor(scope: Construct, config: Config, controlPlane: ControlPlaneOutputs) {
    super(scope, "activations", config);
    addAwsProvider(this, config);
    const { activation } = new Activations(this, "activations", {
      deployment: config.name,
      roleName: controlPlane.readBy(this).node_role_name,
      nameOf: this.names.node,
      nodes: Object.entries(config.sites).flatMap(([name, site]) => activatedNodes(config.name, name, site)),
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

/** What nodes register with. */
export type ActivationsOutputs = ActivationsStack["outputs"];

function activatedNodes(deployment: string, siteName: string, site: Site): ActivatedNode[] {
  const hours = site.kind === "on-premises" ? site.activationDays * 24 : dropletHours;
  return [...nodesOf({ deployment, site: siteName }, site)].map(([node, { generation, activation }]) => ({
    site: siteName,
    node,
    generation,
    key: activation,
    hours,
  }));
}
