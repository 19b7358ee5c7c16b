import { nodeNames } from "./nodes";
import type { Config } from "./schema";

/** How one site's service places its tasks. */
export interface Placement {
  /** Tasks that are to run; of an `every-node` service one for each node. */
  readonly desiredCount: number;
  /** Percent of the tasks that go on during an update or a drain. */
  readonly minimumHealthyPercent: number;
  /** Whether a deploy waits until the service is steady. */
  readonly waits: boolean;
}

/** The sites that run the application. */
export function placementsOf({ application, sites }: Config): ReadonlyMap<string, Placement> {
  const { placement } = application;
  const placed = Object.entries(sites).filter(([name]) => placement === "every-node" || name in placement);
  return new Map(
    placed.map(([name, site]) => {
      const desiredCount = placement === "every-node" ? nodeNames(site).length : (placement[name] ?? 0);
      const waits = site.kind === "digitalocean" || site.awaitNodes;
      return [name, { desiredCount, minimumHealthyPercent: minimumHealthyPercent(desiredCount), waits }];
    }),
  );
}

/**
 * All but one: a node's port is fixed, so that a new task fits only where an old one has gone. Rounded down,
 * since ECS rounds the resulting count up, and a roll-out that may stop no task never ends.
 */
export function minimumHealthyPercent(desiredCount: number): number {
  return desiredCount === 0 ? 0 : Math.floor((100 * (desiredCount - 1)) / desiredCount);
}
