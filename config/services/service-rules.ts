import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../problem";
import type { Config } from "../schema";
import type { Sites } from "../sites/nodes";
import { containerProblems, listOf, type Placed } from "./container-rules";
import { canRunAt, loadBalancerAt, wantedAt } from "./entrances";
import { longestStart, taskTimes } from "./health";
import { defaultLoadBalancer, type LoadBalancer } from "./load-balancer";
import { countsOf, hasTasksAt, isMadeAt, nodesFor } from "./placements";
import { usualStartSeconds, type Service } from "./service";
import { deploymentVariables } from "./handover";

// Ports of SSH, Docker and the ECS agent. Source: Amazon ECS API Reference, PortMapping.
const reservedPorts = [22, 2375, 2376, 51678, 51679, 51680];

/** The ports that Linux uses for outgoing connections. Source: as above, and proc(5), ip_local_port_range. */
const ephemeralPorts = { first: 32768, last: 60999 };

/** {@link longestStart} must leave time for some checks. */
const longestReadyAfter = longestStart - 30;

/** Problems with services, each on its own and at its sites. */
export function* serviceProblems(config: Config, sites: Sites): Iterable<Problem> {
  for (const [name, service] of Object.entries(config.services)) {
    const path = ["services", name];
    const at = [...sites.keys()].filter((site) => hasTasksAt(service, site));
    const placed: Placed = { path, name, container: service, at, taken: deploymentVariables(service) };
    yield* containerProblems(placed, config, sites);
    yield* placementProblems(path, service, sites);
    if (service.http !== undefined) {
      yield* httpProblems(path, service, service.http, sites);
      yield* effectProblems(path, service, service.http, sites);
    }
  }
  yield* sharedPortProblems(config, sites);
}

function* placementProblems(path: readonly string[], service: Service, sites: Sites): Iterable<Problem> {
  const { http } = service;
  for (const [site, count] of Object.entries(countsOf(service))) {
    const known = sites.get(site);
    const at = [...path, "placement", site];
    const possible = known === undefined ? 0 : nodesFor(known, service).length;
    if (known === undefined) {
      yield { path: at, message: `is not a site: choose one of ${listOf([...sites.keys()])}` };
    } else if (http !== undefined && count > possible) {
      const message = `must not exceed ${possible}, the number of nodes that the site has for it: its port is fixed, so only one task fits on a node`;
      yield { path: at, message };
    } else if (count > 0 && possible === 0) {
      yield { path: at, message: "has no node there: give the site one, or set it to 0" };
    }
  }
}

function* httpProblems(
  path: readonly string[],
  service: Service,
  http: NonNullable<Service["http"]>,
  sites: Sites,
): Iterable<Problem> {
  const { port } = http;
  const at = (...more: PropertyKey[]) => [...path, "http", ...more];
  if (reservedPorts.includes(port)) {
    const message = `is reserved on every node (${reservedPorts.join(", ")} are): choose another`;
    yield { path: at("port"), message };
  } else if (port >= ephemeralPorts.first && port <= ephemeralPorts.last) {
    yield {
      path: at("port"),
      message: `is one of ${ephemeralPorts.first} to ${ephemeralPorts.last}, which Linux uses for outgoing connections, so it may be taken at any time: choose another`,
    };
  }
  const { readyAfter = 0 } = taskTimes(service).health ?? {};
  if (readyAfter > longestReadyAfter) {
    yield {
      path: at("health"),
      message: `makes the load balancer take more than ${longestReadyAfter} s to bring a node into service, longer than ECS waits for a container: lower intervalSeconds or healthyAfter`,
    };
  }
  const start = service.startSeconds + readyAfter;
  if (service.startSeconds > usualStartSeconds && start > longestStart) {
    yield {
      path: [...path, "startSeconds"],
      message: `leaves no time for the ${readyAfter} s that the load balancer takes to bring a node into service: ECS waits ${longestStart} s for both; lower it to ${longestStart - readyAfter}`,
    };
  }
  for (const site of Object.keys(http.sites).filter((name) => !sites.has(name))) {
    yield { path: at("sites", site), message: `is not a site: choose one of ${listOf([...sites.keys()])}` };
  }
  if (
    service.placement === "every-node" &&
    [...sites.values()].some((site) => nodesFor(site, service).length > 0)
  ) {
    const idle = [...sites.keys()].filter((name) => !canRunAt(service, sites, name));
    for (const name of idle.filter((site) => loadBalancerAt(service, sites, site) !== undefined)) {
      yield {
        path: [...path, "on"],
        message: `matches no node of site ${name}, where the load balancer would lead nowhere: set ${at("sites", name).join(".")} to false, or give a node these attributes`,
      };
    }
  }
  const [common] = [...sites.keys()].filter(
    (name) => http.sites[name] === undefined && loadBalancerAt(service, sites, name) !== undefined,
  );
  for (const [name, { loadBalancers }] of sites) {
    const wanted = isMadeAt(service, name) ? wantedAt(http, name) : undefined;
    const own = http.sites[name] !== undefined;
    if (!loadBalancers && wanted?.network === "internal") {
      yield {
        path: own ? at("sites", name) : at("loadBalancer", "network"),
        message: `isn't possible at site ${name}, which can't have load balancers: set ${at("sites", name).join(".")} to false, or place the service elsewhere`,
      };
    } else if (!loadBalancers && own && http.sites[name] !== false) {
      yield {
        path: at("sites", name),
        message: `has no effect: site ${name} can't have load balancers; remove it`,
      };
    }
    // Listeners that sites share are checked once.
    if (loadBalancers && wanted !== undefined && (own || name === common)) {
      yield* listenerProblems(own ? at("sites", name, "listeners") : at("loadBalancer", "listeners"), wanted);
    }
  }
}

/** Settings of load balancers that no load balancer would have. */
function* effectProblems(
  path: readonly string[],
  service: Service,
  { loadBalancer, sites: differing }: NonNullable<Service["http"]>,
  sites: Sites,
): Iterable<Problem> {
  const at = [...path, "http"];
  const possible = [...sites].flatMap(([name, { loadBalancers }]) => (loadBalancers ? [name] : []));
  for (const site of possible.filter((name) => differing[name] && !isMadeAt(service, name))) {
    yield {
      path: [...at, "sites", site],
      message: `has no effect: the service isn't placed there; remove it, or name the site in ${[...path, "placement"].join(".")}`,
    };
  }
  // Internal ones are refused where a site can't have them.
  const isSet = loadBalancer !== false && !isDeepStrictEqual(loadBalancer, defaultLoadBalancer);
  if (
    isSet &&
    loadBalancer.network === "public" &&
    possible.every((site) => loadBalancerAt(service, sites, site) === undefined)
  ) {
    yield {
      path: [...at, "loadBalancer"],
      message: "has no effect: the service has a load balancer at none of its sites; remove it",
    };
  }
}

function* listenerProblems(
  path: readonly PropertyKey[],
  { network, listeners }: LoadBalancer,
): Iterable<Problem> {
  for (const [index, listener] of listeners.entries()) {
    const at = [...path, index];
    if (listeners.findIndex(({ port }) => port === listener.port) !== index) {
      const message = "is used by another listener: each needs its own port";
      yield { path: [...at, "port"], message };
    }
    if (network === "internal" && listener.protocol === "https" && "domains" in listener.certificate) {
      yield {
        path: [...at, "certificate", "domains"],
        message:
          "can't have a managed certificate on an internal load balancer: use http, or the name of your own certificate",
      };
    }
    // Source: DigitalOcean API Reference, load balancers, redirect_http_to_https: from port 80 to port 443 only.
    if (listener.protocol === "http" && listener.redirectTo !== undefined) {
      const target = listeners.some(({ protocol, port }) => protocol === "https" && port === 443);
      if (listener.port !== 80 || listener.redirectTo !== 443 || !target) {
        yield {
          path: [...at, "redirectTo"],
          message:
            "must redirect port 80 to an https listener on port 443: DigitalOcean redirects no other ports",
        };
      }
    }
  }
}

/**
 * Two services can't have the same port where they may run on the same node; nor at the same site where one has a load
 * balancer, since all of the site's nodes are behind it. Each service is reported with the first that clashes.
 */
function* sharedPortProblems({ services }: Config, sites: Sites): Iterable<Problem> {
  const all = Object.entries(services);
  for (const [index, [name, service]] of all.entries()) {
    const same = all
      .slice(0, index)
      .filter(([, { http }]) => http !== undefined && http.port === service.http?.port);
    const [first] = same.flatMap(([other, before]) =>
      [...sites.keys()].flatMap((site) => {
        const clash = clashAt(site, sites, service, before);
        return clash === undefined ? [] : [{ other, clash }];
      }),
    );
    if (first !== undefined) {
      const message = `is also the port of service ${first.other}, ${first.clash}`;
      yield { path: ["services", name, "http", "port"], message };
    }
  }
}

/** Why two services with the same port clash at a site, with the remedy; undefined when they don't. */
function clashAt(site: string, sites: Sites, one: Service, other: Service): string | undefined {
  const led = (from: Service, to: Service) =>
    loadBalancerAt(from, sites, site) !== undefined && hasTasksAt(to, site);
  if (led(one, other) || led(other, one)) {
    return `which a load balancer at site ${site} connects to on all of its nodes: choose another port, or another site`;
  }
  const resolved = sites.get(site);
  const [node] =
    resolved !== undefined && hasTasksAt(one, site) && hasTasksAt(other, site)
      ? shared(resolved, one, other)
      : [];
  return node === undefined
    ? undefined
    : `and both may run on node ${site}/${node}: choose another, or keep them apart with placement or on`;
}

function shared(site: Parameters<typeof nodesFor>[0], one: Service, other: Service): string[] {
  const names = new Set(nodesFor(site, one).map(([name]) => name));
  return nodesFor(site, other).flatMap(([name]) => (names.has(name) ? [name] : []));
}
