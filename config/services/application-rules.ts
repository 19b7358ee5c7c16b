import { buildContextProblem } from "../build-context";
import { sizeOf, systemMiB } from "../droplet-sizes";
import { healthTimes } from "../health";
import { dropletsOf, nodeNames } from "../nodes";
import type { Problem } from "../problem";
import type { Application, Config, DigitalOceanSite } from "../schema";
import { deploymentVariables } from "./variables";

// SSH, Docker, and the ECS agent's own. Source: Amazon ECS API Reference, PortMapping.
const reservedPorts = [22, 2375, 2376, 51678, 51679, 51680];

/** From these Linux gives ports to connections that go out. Source: as before, and proc(5), ip_local_port_range. */
const ephemeralPorts = { first: 32768, last: 60999 };

// ECS waits for a container's health 300 s at most, of which some checks must be left.
const longestReadyAfter = 270;

/** Source: Amazon ECS Developer Guide, "Amazon ECS service quotas": the whole task definition. */
const longestDefinition = 64 * 1024;

/** What is wrong with the application, by itself and on its sites. */
export function applicationProblems(config: Config): Problem[] {
  const { application } = config;
  return [
    ...imageProblems(config),
    ...portProblems(application),
    ...placementProblems(config),
    ...variableProblems(application),
    ...Object.entries(config.sites).flatMap(([name, site]) =>
      site.kind === "digitalocean" && hasTasks(application, name) ? fitProblems(config, name, site) : [],
    ),
  ];
}

function imageProblems({ application, sites }: Config): Problem[] {
  const { image } = application;
  if (!("build" in image)) {
    return [];
  }
  const unbuildable = buildContextProblem(image.build);
  const droplets = Object.entries(sites).find(
    ([name, { kind }]) => kind === "digitalocean" && hasTasks(application, name),
  );
  return [
    ...(unbuildable === undefined ? [] : [{ path: at("image", "build"), message: unbuildable }]),
    // Source: DigitalOcean, Droplets: every plan is of Intel or AMD processors.
    ...(image.platform === "linux/arm64" && droplets !== undefined
      ? [
          {
            path: at("image", "platform"),
            message: `doesn't run on the droplets of site ${droplets[0]}, which are all linux/amd64: choose that, or place tasks on other sites only`,
          },
        ]
      : []),
  ];
}

function portProblems({ port, health }: Application): Problem[] {
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
  if (healthTimes(health).readyAfter > longestReadyAfter) {
    problems.push({
      path: at("health"),
      message: `lets the load balancer take more than ${longestReadyAfter} s to take a node in, longer than ECS waits for a container: lower intervalSeconds or healthyAfter`,
    });
  }
  return problems;
}

function placementProblems({ application: { placement }, sites }: Config): Problem[] {
  const problems: Problem[] = [];
  for (const [site, count] of Object.entries(placement === "every-node" ? {} : placement)) {
    const known = sites[site];
    if (known === undefined) {
      problems.push({
        path: at("placement", site),
        message: `names no site: known are ${Object.keys(sites).join(", ")}`,
      });
    } else if (count > nodeNames(known).length) {
      problems.push({
        path: at("placement", site),
        message: `must not exceed the site's ${nodeNames(known).length} nodes: one task fits on a node, since its port is fixed`,
      });
    }
  }
  return problems;
}

function variableProblems({ environment, secrets, secretKeys }: Application): Problem[] {
  const problems: Problem[] = [];
  for (const [setting, variables] of Object.entries({ environment, secrets })) {
    for (const name of Object.keys(variables).filter((each) => deploymentVariables.includes(each))) {
      problems.push({
        path: at(setting, name),
        message: `is set by the deployment itself, as ${deploymentVariables.join(", ")} are: choose another name`,
      });
    }
  }
  for (const name of Object.keys(secrets)) {
    if (name in environment) {
      problems.push({
        path: at("secrets", name),
        message: "stands in application.environment too: keep one",
      });
    }
  }
  const variables = [...Object.entries(environment), ...Object.entries(secrets)];
  const length = Buffer.byteLength(JSON.stringify(variables.map(([name, value]) => ({ name, value }))));
  if (length > longestDefinition) {
    problems.push({
      path: at("environment"),
      message: `takes ${length} bytes, more than the ${longestDefinition} of a whole task definition: shorten it, or put large values into files of the image`,
    });
  }
  if (secretKeys.length > 0 && Object.keys(secrets).length === 0) {
    problems.push({
      path: at("secretKeys"),
      message: "decrypts nothing without application.secrets: remove it, or name the secrets",
    });
  }
  return problems;
}

/** The first node that has no room for a task; all others would only say the same. */
function fitProblems(
  { name: deployment, application }: Config,
  name: string,
  site: DigitalOceanSite,
): Problem[] {
  const { memoryMiB, cpuUnits } = application;
  for (const [node, { size: slug }] of dropletsOf({ deployment, site: name }, site)) {
    const size = sizeOf(slug);
    const problems: Problem[] = [];
    if (size !== undefined && memoryMiB + systemMiB(size) > size.memoryMiB) {
      problems.push({
        path: at("memoryMiB"),
        message: `doesn't fit node ${node} of site ${name}: ${slug} has ${size.memoryMiB} MiB, of which the system takes ${systemMiB(size)}; lower it or choose a larger size`,
      });
    }
    if (size !== undefined && cpuUnits > size.vcpus * 1024) {
      problems.push({
        path: at("cpuUnits"),
        message: `doesn't fit node ${node} of site ${name}: ${slug} has ${size.vcpus * 1024}, 1024 for each of its ${size.vcpus} vCPUs; lower it or choose a larger size`,
      });
    }
    if (problems.length > 0) {
      return problems;
    }
  }
  return [];
}

function hasTasks({ placement }: Application, site: string): boolean {
  return placement === "every-node" || (placement[site] ?? 0) > 0;
}

function at(...path: string[]): string[] {
  return ["application", ...path];
}
