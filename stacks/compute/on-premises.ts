import type { Construct } from "constructs";
import { replacingServer } from "../../constructs/node/replacement";
import { objectPerInstance, StackOutputs, text } from "../outputs";
import { ComputeStack, type ComputeProps } from "./compute";

/** Servers that somebody else runs: their activations are used there, their registrations end with this stack. */
export class OnPremisesComputeStack extends ComputeStack {
  constructor(scope: Construct, props: ComputeProps) {
    super(scope, props);
    const { life } = this.addNodes(replacingServer);
    const guard = life.guard();
    const deregistration = life.deregistration(life.generation, "id", [guard]);
    if (this.resolved.awaitsNodes) {
      life.gate(deregistration);
    }

    // Only what such a site has: Terraform leaves out outputs without a value, and the CDKTF CLI fails on them.
    new StackOutputs(this, {
      kind: text("Kind of the site.", this.resolved.kind),
      nodes: objectPerInstance("The nodes by name.", deregistration, (_, instance) =>
        life.remembered(instance),
      ),
    });
  }
}
