import type { App } from "cdktf";
import type { Config } from "../config/schema";
import { ActivationsStack } from "./activations";
import { ApplicationStack } from "./application";
import { DigitalOceanComputeStack } from "./compute/digitalocean";
import { OnPremisesComputeStack } from "./compute/on-premises";
import { ControlPlaneStack } from "./control-plane";
import { asTerraformText } from "./terraform-text";

/** Every stack of the deployment, in the order in which they are deployed. */
export function buildStacks(app: App, written: Config): void {
  const config = asTerraformText(written);
  const controlPlane = new ControlPlaneStack(app, config);
  const activations = new ActivationsStack(app, config, controlPlane.outputs);
  const sites = Object.entries(config.sites).map(([name, site]) =>
    site.kind === "digitalocean"
      ? new DigitalOceanComputeStack(app, config, name, site, activations.outputs)
      : new OnPremisesComputeStack(app, config, name, site, activations.outputs),
  );
  new ApplicationStack(app, config, controlPlane.outputs, sites);
}
