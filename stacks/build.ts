import type { App } from "cdktf";
import type { Config } from "../config/schema";
import { siteKinds, type SiteKinds } from "../config/sites";
import { isMadeAt } from "../config/services/placements";
import type { Rollbacks } from "../config/rollbacks";
import { resolveSites } from "../config/sites/nodes";
import { ActivationsStack } from "./activations";
import { computeStacks, type ComputeStacks } from "./compute";
import type { ComputeStack } from "./compute/compute";
import { ControlPlaneStack } from "./control-plane";
import { refuseLongDefinitions } from "./definition-length";
import { JobsStack } from "./jobs";
import { ServiceStack } from "./service";
import { asTerraformText } from "./terraform-text";

/** The kinds of sites: each with its configuration and its stacks. */
export interface Kinds {
  readonly sites: SiteKinds;
  readonly stacks: ComputeStacks;
}

/** Inputs besides the configuration. */
export interface Circumstances extends Kinds {
  /** Services that run an earlier image. */
  readonly rollbacks: Rollbacks;
}

/**
 * Every stack of the deployment, in the order in which they are deployed.
 * @param circumstances the project's own kinds of site, and no rollback, when left out
 */
export function buildStacks(app: App, written: Config, circumstances: Partial<Circumstances> = {}): void {
  const { rollbacks = {}, ...others } = circumstances;
  const kinds: Kinds = { sites: siteKinds, stacks: computeStacks, ...others };
  const config = asTerraformText(written);
  const sites = resolveSites(config, kinds.sites);
  refuseLongDefinitions(written, sites);
  const { outputs: controlPlane } = new ControlPlaneStack(app, config, sites);
  const { outputs: activations } = new ActivationsStack(app, config, sites, controlPlane);
  const compute = new Map<string, ComputeStack>(
    [...sites].map(([name, { kind }]) => {
      const Stack = kinds.stacks[kind];
      if (Stack === undefined) {
        throw new Error(`no stack for sites of kind ${kind}`);
      }
      return [name, new Stack(app, { config, site: name, sites, activations })];
    }),
  );
  // A service without nodes never becomes steady, and its nodes' deregistration needs it gone.
  const nodesOf = (isThere: (site: string) => boolean) =>
    new Map([...compute].filter(([site]) => isThere(site)));
  for (const [name, service] of Object.entries(config.services)) {
    const nodes = nodesOf((site) => isMadeAt(service, site));
    const rollback = rollbacks[name];
    new ServiceStack(app, { config, name, service, rollback, sites, controlPlane, compute: nodes });
  }
  const jobs = Object.values(config.jobs);
  if (jobs.length > 0) {
    const nodes = nodesOf((site) => jobs.some((job) => job.site === site));
    new JobsStack(app, { config, controlPlane, compute: nodes });
  }
}
