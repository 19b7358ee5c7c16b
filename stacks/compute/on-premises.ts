import type { Construct } from "constructs";
import { serversOf } from "../../config/nodes";
import type { Config, OnPremisesSite } from "../../config/schema";
import { replacingServer } from "../../constructs/node/replacement";
import { ComputeStack } from "./compute";
import type { ActivationsOutputs } from "../activations";
import { objectPerInstance, StackOutputs, text } from "../outputs";

/** Servers that somebody else runs: their activations are used there, their registrations end with this stack. */
export class OnPremisesComputeStack extends ComputeStack {
  readonly outputs;

  constructor(
    scope: Construct,
    config: Config,
    siteName: string,
    site: OnPremisesSite,
    activations: ActivationsOutputs,
  ) {
    super(scope, config, siteName, activations);
    const { life } = this.addNodes(
      serversOf({ deployment: config.name, site: siteName }, site),
      replacingServer,
    );
    const guard = life.guard();
    const deregistration = life.deregistration(life.generation, "id", [guard]);
    if (site.awaitNodes) {
      life.gate(deregistration);
    }

    // Only what such a site has: Terraform leaves outputs without a value out, and the CLI of CDKTF fails over them.
    this.outputs = new StackOutputs(this, {
      kind: text("Kind of the site.", site.kind),
      nodes: objectPerInstance("The nodes by name.", deregistration, () => life.remembered()),
    });
  }
}
