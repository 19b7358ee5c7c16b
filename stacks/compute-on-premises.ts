import { Token } from "cdktf";
import type { Construct } from "constructs";
import { serversOf } from "../config/nodes";
import type { Config, OnPremisesSite } from "../config/schema";
import { ComputeStack } from "./compute";
import type { ActivationsOutputs } from "./activations";
import { objectPerInstance, StackOutputs, text, texts } from "./outputs";

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
    const { life } = this.addNodes(serversOf({ deployment: config.name, site: siteName }, site));
    const guard = life.guard();
    const deregistration = life.deregistration(life.generation, "id", [guard]);
    if (site.awaitNodes) {
      life.gate(deregistration);
    }

    const none = Token.nullValue();
    this.outputs = new StackOutputs(this, {
      kind: text("Kind of the site.", site.kind),
      load_balancer_ip: text("A site on premises has no load balancer of ours.", none),
      urls: texts("A site on premises has no load balancer of ours.", []),
      nodes: objectPerInstance("The nodes by name.", deregistration, () => ({
        droplet_id: none,
        public_ipv4: none,
        private_ipv4: none,
        ...life.remembered(),
      })),
    });
  }
}
