import type { App } from "cdktf";
import type { Config } from "../config/schema";
import { ApplicationStack } from "./application";
import { DigitalOceanComputeStack } from "./compute-digitalocean";
import { OnPremisesComputeStack } from "./compute-on-premises";
import { ControlPlaneStack } from "./control-plane";

/** Every stack of the deployment, in the order in which they are deployed. */
export function buildStacks(app: App, config: Config): void {
  const controlPlane = new ControlPlaneStack(app, config);
  const sites = Object.entries(config.sites).map(([name, site]) =>
    site.kind === "digitalocean"
      ? new DigitalOceanComputeStack(app, config, name, site, controlPlane.outputs)
      : new OnPremisesComputeStack(app, config, name, site, controlPlane.outputs),
  );
  new ApplicationStack(app, config, controlPlane.outputs, sites);
}
