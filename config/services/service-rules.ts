import type { Problem } from "../problem";
import type { Config } from "../schema";
import type { Sites } from "../sites/nodes";
import { containerProblems, listOf, type Placed } from "./container-rules";
import { loadBalancerAt, wantedAt } from "./entrances";
import { taskTimes } from "./health";
import type { LoadBalancer } from "./load-balancer";
import { hasTasksAt, isMadeAt, nodesFor } from "./placements";
import type { Service } from "./service";
import { deploymentVariables } from "./handover";

// SSH, Docker, and the ECS agent's own. Source: Amazon ECS API Reference, PortMapping.
const reservedPorts = [22, 2375, 2376, 51678, 51679, 51680];

/** From these Linux gives ports to connections that go out. Source: as before, and proc(5), ip_local_port_range. */
const ephemeralPorts = { first: 32768, last: 60999 };

// ECS waits for a container's health 300 s at most, of which some checks must be left.
const longestReadyAfter = 270;

/** What is wrong with services, each by itself and on its sites. */
export function serviceProblems(config: Config, sites: Sites): Problem[] {
  return [
    ...Object.entries(config.services).flatMap(([name, service]) => {
      const path = ["services", name];
      const at = [...sites.keys()].filter((site) => hasTasksAt(service, site));
      const placed: Placed = { path, name, container: service, at, taken: deploymentVariables(service) };
      return [
        ...containerProblems(placed, config, sites),
        ...placementProblems(path, service, sites),
        ...(service.http === undefined ? [] : httpProblems(path, service, service.http, sites)),
      ];
    }),
    ...sharedPortProblems(config, sites),
  ];
}

function placementProblems(path: readonly string[], service: Service, sites: Sites): Problem[] {
  const { placement, rollout, http } = service;
  const problems: Problem[] = [];
  for (const [site, count] of Object.entries(placement === "every-node" ? {} : placement)) {
    const known = sites.get(site);
    const at = [...path, "placement", site];
    const possible = known === undefined ? 0 : nodesFor(known, service).length;
    if (known === undefined) {
      problems.push({ path: at, message: `names no site: known are ${listOf([...sites.keys()])}` });
    } else if (http !== undefined && count > possible) {
      problems.push({
        path: at,
        message: `must not exceed the ${possible} nodes that the site has for it: one task fits on a node, since its port is fixed`,
      });
    } else if (count > 0 && possible === 0) {
      problems.push({ path: at, message: "finds no node there: give the site one, or set it to 0" });
    }
  }
  if (rollout.atOnce !== undefined && http === undefined && placement !== "every-node") {
    problems.push({
      path: [...path, "rollout", "atOnce"],
      message:
        "does nothing where new tasks find room beside the old ones, as without http they do: remove it",
    });
  }
  return problems;
}

function httpProblems(
  path: readonly string[],
  service: Service,
  http: NonNullable<Service["http"]>,
  sites: Sites,
): Problem[] {
  const { port } = http;
  const at = (...more: PropertyKey[]) => [...path, "http", ...more];
  const problems: Problem[] = [];
  if (reservedPorts.includes(port)) {
    problems.push({
      path: at("port"),
      message: `is taken on every node (${reservedPorts.join(", ")} are): choose another`,
    });
  } else if (port >= ephemeralPorts.first && port <= ephemeralPorts.last) {
    problems.push({
      path: at("port"),
      message: `is one of ${ephemeralPorts.first} to ${ephemeralPorts.last}, which Linux gives to outgoing connections, so that it may be taken at any time: choose another`,
    });
  }
  if ((taskTimes(service).health?.readyAfter ?? 0) > longestReadyAfter) {
    problems.push({
      path: at("health"),
      message: `lets the load balancer take more than ${longestReadyAfter} s to take a node in, longer than ECS waits for a container: lower intervalSeconds or healthyAfter`,
    });
  }
  for (const site of Object.keys(http.sites)) {
    if (!sites.has(site)) {
      problems.push({
        path: at("sites", site),
        message: `names no site: known are ${listOf([...sites.keys()])}`,
      });
    }
  }
  const [common] = [...sites.keys()].filter(
    (name) => http.sites[name] === undefined && loadBalancerAt(service, sites, name) !== undefined,
  );
  for (const [name, { loadBalancers }] of sites) {
    const wanted = isMadeAt(service, name) ? wantedAt(http, name) : undefined;
    const own = http.sites[name] !== undefined;
    if (!loadBalancers && wanted?.network === "internal") {
      problems.push({
        path: own ? at("sites", name) : at("loadBalancer", "network"),
        message: `can't be had at site ${name}, which has no load balancers: set ${at("sites", name).join(".")} to false, or place the service elsewhere`,
      });
    }
    // What sites have in common is looked at once.
    if (loadBalancers && wanted !== undefined && (own || name === common)) {
      problems.push(
        ...listenerProblems(own ? at("sites", name, "listeners") : at("loadBalancer", "listeners"), wanted),
      );
    }
  }
  return problems;
}

function listenerProblems(path: readonly PropertyKey[], { network, listeners }: LoadBalancer): Problem[] {
  const problems: Problem[] = [];
  listeners.forEach((listener, index) => {
    const at = [...path, index];
    if (listeners.findIndex(({ port }) => port === listener.port) !== index) {
      problems.push({
        path: [...at, "port"],
        message: "is taken by another listener: each needs a port of its own",
      });
    }
    if (network === "internal" && listener.protocol === "https" && "domains" in listener.certificate) {
      problems.push({
        path: [...at, "certificate", "domains"],
        message:
          "can't be certified for an internal load balancer: use http, or the name of a certificate of your own",
      });
    }
    // Source: DigitalOcean API Reference, load balancers, redirect_http_to_https: from port 80 to port 443 only.
    if (listener.protocol === "http" && listener.redirectTo !== undefined) {
      const target = listeners.some(({ protocol, port }) => protocol === "https" && port === 443);
      if (listener.port !== 80 || listener.redirectTo !== 443 || !target) {
        problems.push({
          path: [...at, "redirectTo"],
          message:
            "must lead from port 80 to an https listener on port 443: DigitalOcean redirects no other ports",
        });
      }
    }
  });
  return problems;
}

/** Two services that may run on the same node can't have the same port there. */
function sharedPortProblems({ services }: Config, sites: Sites): Problem[] {
  const withPort = Object.entries(services).filter(([, { http }]) => http !== undefined);
  return withPort.flatMap(([name, service], index) => {
    for (const [other, before] of withPort.slice(0, index)) {
      if (before.http?.port !== service.http?.port) {
        continue;
      }
      for (const [site, resolved] of sites) {
        const [node] =
          hasTasksAt(service, site) && hasTasksAt(before, site) ? shared(resolved, service, before) : [];
        if (node !== undefined) {
          return [
            {
              path: ["services", name, "http", "port"],
              message: `is the port of service ${other}, too, and both may run on node ${site}/${node}: choose another, or keep them apart by placement or on`,
            },
          ];
        }
      }
    }
    return [];
  });
}

function shared(site: Parameters<typeof nodesFor>[0], one: Service, other: Service): string[] {
  const names = new Set(nodesFor(site, one).map(([name]) => name));
  return nodesFor(site, other).flatMap(([name]) => (names.has(name) ? [name] : []));
}
