import type { Config } from "../schema";
import type { Sites } from "../sites/nodes";
import { defaultLoadBalancer, type Listener, type LoadBalancer } from "./load-balancer";
import { hasTasksAt, isMadeAt, nodesFor } from "./placements";
import type { Http, Service } from "./service";

/** A service's entrance at a site. */
export interface Entrance {
  readonly service: string;
  readonly http: Http;
  readonly loadBalancer: LoadBalancer;
}

/** The load balancer that a service wants at a site, whether or not the site can have one. */
export function wantedAt({ loadBalancer, sites }: Http, site: string): LoadBalancer | undefined {
  const differing = sites[site];
  if (differing === false || (differing === undefined && loadBalancer === false)) {
    return undefined;
  }
  const usual = loadBalancer === false ? defaultLoadBalancer : loadBalancer;
  return {
    network: differing?.network ?? usual.network,
    allowFrom: differing?.allowFrom ?? usual.allowFrom,
    listeners: differing?.listeners ?? usual.listeners,
  };
}

/** A service's load balancer at a site; undefined when it has none there. */
export function loadBalancerAt(service: Service, sites: Sites, site: string): LoadBalancer | undefined {
  const possible = sites.get(site)?.loadBalancers === true && isMadeAt(service, site);
  return possible && service.http !== undefined ? wantedAt(service.http, site) : undefined;
}

/** Whether a site may have a task of a service; one without nodes may, once it has some. */
export function canRunAt(service: Service, sites: Sites, site: string): boolean {
  const resolved = sites.get(site);
  return (
    resolved === undefined ||
    resolved.nodes.size === 0 ||
    (hasTasksAt(service, site) && nodesFor(resolved, service).length > 0)
  );
}

/**
 * Listeners that can be reached by address alone: certificates don't cover private addresses, and a redirect leads to a
 * listener that needs one.
 */
export function plainListener({ listeners }: LoadBalancer): Listener | undefined {
  return listeners.find((listener) => listener.protocol === "http" && listener.redirectTo === undefined);
}

/** A site's entrances, by service. */
export function entrancesAt(services: Config["services"], sites: Sites, site: string): Entrance[] {
  return Object.entries(services).flatMap(([name, service]) => {
    const loadBalancer = loadBalancerAt(service, sites, site);
    return loadBalancer === undefined || service.http === undefined
      ? []
      : [{ service: name, http: service.http, loadBalancer }];
  });
}

/** Names of the internal services whose URLs a container gets, in the order of the config. */
export function calledBy({ environment }: Pick<Service, "environment">): string[] {
  return [
    ...new Set(
      Object.values(environment).flatMap((value) => (typeof value === "string" ? [] : [value.service])),
    ),
  ];
}
