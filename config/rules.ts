import { buildContextProblem } from "./build-context";
import { memoryOf } from "./droplet-sizes";
import { healthTimes } from "./health";
import { dropletsOf, nodeNames } from "./nodes";
import type { Config, DigitalOceanSite } from "./schema";

/** A value that has the right form but can't work, and what to do about it. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

// SSH, Docker, and the ECS agent's own. Source: Amazon ECS Developer Guide, "Port mappings".
const reservedPorts = [22, 2375, 2376, 51678, 51679];

// ECS waits for a container's health 300 s at most, of which some checks must be left.
const longestReadyAfter = 270;

// What the operating system, Docker and both agents take on a node.
const systemMiB = 200;

/** What is wrong with the config as a whole, where each value by itself is fine. */
export function problemsOf(config: Config): Problem[] {
  return [
    ...applicationProblems(config),
    ...Object.entries(config.sites).flatMap(([name, site]) =>
      site.kind === "digitalocean" ? siteProblems(config, name, site) : [],
    ),
    ...unsupported(config),
  ];
}

function applicationProblems({ application, sites }: Config): Problem[] {
  const path = (...rest: string[]) => ["application", ...rest];
  const problems: Problem[] = [];
  const unbuildable = "build" in application.image ? buildContextProblem(application.image.build) : undefined;
  if (unbuildable !== undefined) {
    problems.push({ path: path("image", "build"), message: unbuildable });
  }
  if (reservedPorts.includes(application.port)) {
    problems.push({
      path: path("port"),
      message: `is taken on every node (${reservedPorts.join(", ")} are): choose another`,
    });
  }
  if (healthTimes(application.health).readyAfter > longestReadyAfter) {
    problems.push({
      path: path("health"),
      message: `lets the load balancer take more than ${longestReadyAfter} s to take a node in, longer than ECS waits for a container: lower intervalSeconds or healthyAfter`,
    });
  }
  if (application.placement !== "every-node") {
    for (const [site, count] of Object.entries(application.placement)) {
      const known = sites[site];
      if (known === undefined) {
        problems.push({
          path: path("placement", site),
          message: `names no site: known are ${Object.keys(sites).join(", ")}`,
        });
      } else if (count > nodeNames(known).length) {
        problems.push({
          path: path("placement", site),
          message: `must not exceed the site's ${nodeNames(known).length} nodes: one task fits on a node, since its port is fixed`,
        });
      }
    }
  }
  for (const name of Object.keys(application.secrets)) {
    if (name in application.environment) {
      problems.push({
        path: path("secrets", name),
        message: "stands in application.environment too: keep one",
      });
    }
  }
  return problems;
}

function siteProblems(
  { name: deployment, application }: Config,
  name: string,
  site: DigitalOceanSite,
): Problem[] {
  const problems: Problem[] = [];
  const { placement } = application;
  const tasks = placement === "every-node" || (placement[name] ?? 0) > 0;
  for (const [node, { size }] of dropletsOf({ deployment, site: name }, site)) {
    const memory = memoryOf(size);
    if (tasks && memory !== undefined && application.memoryMiB + systemMiB > memory) {
      problems.push({
        path: ["application", "memoryMiB"],
        message: `doesn't fit node ${node} of site ${name}: ${size} has ${memory} MiB, of which the system takes ${systemMiB}; lower it or choose a larger size`,
      });
      break;
    }
  }
  const { listeners } = site.loadBalancer;
  listeners.forEach((listener, index) => {
    const path = ["sites", name, "loadBalancer", "listeners", index];
    if (listeners.findIndex(({ port }) => port === listener.port) !== index) {
      problems.push({
        path: [...path, "port"],
        message: "is taken by another listener: each needs a port of its own",
      });
    }
    // Source: DigitalOcean API Reference, load balancers, redirect_http_to_https: from port 80 to port 443 only.
    if (listener.protocol === "http" && listener.redirectTo !== undefined) {
      const target = listeners.some(({ protocol, port }) => protocol === "https" && port === 443);
      if (listener.port !== 80 || listener.redirectTo !== 443 || !target) {
        problems.push({
          path: [...path, "redirectTo"],
          message:
            "must lead from port 80 to an https listener on port 443: DigitalOcean redirects no other ports",
        });
      }
    }
  });
  return problems;
}

function unsupported({ monitoring }: Config): Problem[] {
  return monitoring.enabled
    ? [{ path: ["monitoring", "enabled"], message: "isn't available yet: set it to false" }]
    : [];
}
