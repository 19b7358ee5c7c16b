import { healthTimes } from "../../../config/services/health";
import type { DigitalOceanAnswer, Droplet } from "../sources/digitalocean";
import type { Expected } from "../expected";
import type { FleetNode, FleetTask } from "../fleet";

/** A node behind the load balancers of its site. */
interface Balanced {
  readonly site: string;
  /** Name of its droplet. */
  readonly name: string;
  readonly droplet: Droplet | undefined;
  readonly tasks: readonly FleetTask[];
}

/**
 * A node's health behind the load balancer of each service that runs on it. Every droplet of a site is behind all of
 * its load balancers, and fails the checks of those whose service it doesn't run.
 */
export function assembleBackends(
  { entrances }: Expected,
  answer: DigitalOceanAnswer | undefined,
  { site, name, droplet, tasks }: Balanced,
): FleetNode["backends"] {
  return entrances
    .filter((entrance) => entrance.site === site)
    .flatMap(({ service, http, name: loadBalancer }): FleetNode["backends"] => {
      const task = tasks.find(({ of, byHand, status }) => of === service && !byHand && status === "RUNNING");
      if (task === undefined) {
        return [];
      }
      const measured = answer?.measurements.find(
        (one) => one.loadBalancer === loadBalancer && [name, String(droplet?.id)].includes(one.server),
      );
      const takenInAt = Date.parse(task.startedAt ?? "") + healthTimes(http.health).readyAfter * 1000;
      // An earlier measurement doesn't apply to it.
      if (measured === undefined || measured.at < takenInAt) {
        return [{ service, state: "unknown", measuredAt: null }];
      }
      return [
        {
          service,
          state: measured.healthy ? "healthy" : "unhealthy",
          measuredAt: new Date(measured.at).toISOString(),
        },
      ];
    });
}
