import { ConfigError } from "../config/load";
import { namesOf } from "../config/names";
import type { Config } from "../config/schema";
import type { Container } from "../config/services/container";
import { loadBalancerAt, plainListener } from "../config/services/entrances";
import { tagLength } from "../config/services/image";
import { urlOf } from "../config/services/load-balancer";
import { isMadeAt } from "../config/services/placements";
import type { Service } from "../config/services/service";
import type { Sites } from "../config/sites/nodes";
import { jobContainers, serviceContainers, type ContainerProps } from "../constructs/aws/service/containers";
import { registrationOf } from "../constructs/aws/service/task-definitions";
import { definitionOf, type DefinedTask } from "./defined-task";

/** Bytes of the JSON. Source: Amazon ECS Developer Guide, "Amazon ECS service quotas". */
const longestDefinition = 65_536;

/** Stands for addresses of load balancers, which nobody knows yet. */
const longestAddress = "255.255.255.255";

/** A service or job, its place in the config, and the length of its task definition. */
interface Measured {
  readonly path: string;
  readonly settings: Container & Pick<Partial<Service>, "healthCommand">;
  /** In words, if it has others elsewhere. */
  readonly where: string;
  readonly length: number;
}

/**
 * Refuses task definitions that ECS would refuse for their length. Those of one-off tasks hold less than their
 * service's.
 *
 * @param config as its user wrote it, before anything is escaped.
 * @throws {ConfigError} with a line for each service and job that has such a definition.
 */
export function refuseLongDefinitions(config: Config, sites: Sites): void {
  const lengthOf = measureIn(config, sites);
  const names = namesOf(config);
  const services = Object.entries(config.services).flatMap(([name, service]): Measured[] => {
    const at = [...sites.keys()].filter((site) => isMadeAt(service, site));
    const measured = at.map((site): Measured => {
      const behindLoadBalancer = loadBalancerAt(service, sites, site) !== undefined;
      const containers = (settings: Service, props: ContainerProps) =>
        serviceContainers(settings, { ...props, behindLoadBalancer });
      const length = lengthOf({
        ...{ name, site, settings: service, image: service.image },
        family: names.family(name, site),
        containers,
      });
      return { path: `services.${name}`, settings: service, where: ` at site ${site}`, length };
    });
    return measured.sort((one, other) => other.length - one.length).slice(0, 1);
  });
  const jobs = Object.entries(config.jobs).map(([name, job]): Measured => {
    const { site, image } = job;
    const family = names.jobFamily(name);
    const length = lengthOf({ name, site, settings: job, image, family, containers: jobContainers });
    return { path: `jobs.${name}`, settings: job, where: "", length };
  });
  const long = [...services, ...jobs].filter(({ length }) => length > longestDefinition);
  if (long.length > 0) {
    throw new ConfigError(long.map(described));
  }
}

/** Measures definitions with the values that references will have, or the longest possible ones. */
function measureIn(config: Config, sites: Sites) {
  const names = namesOf(config);
  const { account, awsRegion } = names;
  const role = (of: string, purpose: "execution" | "task") =>
    `arn:aws:iam::${account}:role/${names.role(of, purpose)}`;
  const uriOf = (image: string) =>
    Object.hasOwn(config.images, image)
      ? `${account}.dkr.ecr.${awsRegion}.amazonaws.com/${names.repository(image)}:${"0".repeat(tagLength)}`
      : image;
  const urlAt = (site: string) => (called: string) => {
    const service = config.services[called];
    const loadBalancer = service && loadBalancerAt(service, sites, site);
    const listener = loadBalancer && plainListener(loadBalancer);
    return listener === undefined ? "" : urlOf(listener, longestAddress);
  };
  return <Settings extends Container>(task: DefinedTask<Settings>): number => {
    const definition = definitionOf({ ...task, image: uriOf(task.image) }, config, {
      urlOf: urlAt(task.site),
      executionRoleArn: role(task.name, "execution"),
      taskRoleArn: role(task.name, "task"),
    });
    return Buffer.byteLength(JSON.stringify(registrationOf(definition)));
  };
}

function described({ path, settings, where, length }: Measured): string {
  const { command, entryPoint, healthCommand, environment, secrets, volumes, tmpfs } = settings;
  const parts = {
    ...{ command, entryPoint, healthCommand, volumes, tmpfs },
    environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
    secrets: Object.entries(secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
  };
  const [[setting, own] = ["", 0]] = Object.entries(parts)
    .map(([name, value = []]) => [name, Buffer.byteLength(JSON.stringify(value))] as const)
    .sort(([, one], [, other]) => other - one);
  return (
    `${path}.${setting} makes the task definition${where} ${length} bytes long, of which it takes ${own}, and ECS ` +
    `accepts ${longestDefinition}: shorten it, or move large values into files in the image`
  );
}
