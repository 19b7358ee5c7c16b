import { nodeNames } from "./nodes";
import { rolloutOf, type Rollout } from "./rollout";
import type { Config } from "./schema";

/** How one site's service places its tasks, and moves them to a new revision. */
export interface Placement extends Rollout {
  /** Tasks that are to run; of an `every-node` service one for each node. */
  readonly desiredCount: number;
  /** Whether a deploy waits until they run. */
  readonly waits: boolean;
}

/** The sites that run the application. */
export function placementsOf({ application, sites }: Config): ReadonlyMap<string, Placement> {
  const { placement, health } = application;
  const placed = Object.entries(sites).filter(([name]) => placement === "every-node" || name in placement);
  return new Map(
    placed.map(([name, site]) => {
      const desiredCount = placement === "every-node" ? nodeNames(site).length : (placement[name] ?? 0);
      const waits = (site.kind === "digitalocean" || site.awaitNodes) && desiredCount > 0;
      return [name, { desiredCount, waits, ...rolloutOf(desiredCount, health) }];
    }),
  );
}
