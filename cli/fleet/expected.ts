import { namesOf } from "../../config/names";
import type { Config } from "../../config/schema";
import { entrancesAt, type Entrance } from "../../config/services/entrances";
import { isMadeAt } from "../../config/services/placements";
import { resolveSites, type Sites } from "../../config/sites/nodes";

/** A service at one of its sites. */
export interface ExpectedService {
  readonly service: string;
  readonly site: string;
  /** Name of the ECS service. */
  readonly name: string;
}

/** A service's load balancer at a site. */
export interface ExpectedEntrance extends Entrance {
  readonly site: string;
  /** Name of the load balancer. */
  readonly name: string;
}

/** The resources that an environment's file describes, by their names in both clouds. */
export interface Expected {
  readonly sites: Sites;
  readonly services: readonly ExpectedService[];
  readonly entrances: readonly ExpectedEntrance[];
}

/** Derived from the file alone: no state has to be read. */
export function expectedOf(config: Config): Expected {
  const names = namesOf(config);
  const sites = resolveSites(config);
  const services = Object.entries(config.services).flatMap(([service, settings]) =>
    [...sites.keys()]
      .filter((site) => isMadeAt(settings, site))
      .map((site) => ({ service, site, name: names.service(service, site) })),
  );
  const entrances = [...sites.keys()].flatMap((site) =>
    entrancesAt(config.services, sites, site).map((entrance) => ({
      ...entrance,
      site,
      name: names.loadBalancer(site, entrance.service),
    })),
  );
  return { sites, services, entrances };
}
