import { namesOf } from "../config/names";
import type { Config } from "../config/schema";
import type { Container } from "../config/services/container";
import { volumesOf, type ContainerProps } from "../constructs/aws/service/containers";
import type { TaskDefinition } from "../constructs/aws/service/task-definitions";

/** The parts of a task definition that come from the config. */
export interface DefinedTask<Settings extends Container> {
  /** Of the service or job, whose roles and logs it has. */
  readonly name: string;
  readonly family: string;
  readonly settings: Settings;
  readonly site: string;
  /** URI of the image. */
  readonly image: string;
  readonly containers: (settings: Settings, props: ContainerProps) => readonly object[];
}

/** The parts that other stacks create. */
export interface References extends Pick<TaskDefinition, "executionRoleArn" | "taskRoleArn"> {
  /** The URL of an internal service at the task's site. */
  readonly urlOf: (service: string) => string;
}

/** The definition of a task at a site, with every reference to a service as its URL there. */
export function definitionOf<Settings extends Container>(
  { name, family, settings, image, containers }: DefinedTask<Settings>,
  config: Config,
  { urlOf, ...roles }: References,
): TaskDefinition {
  const environment = Object.entries(settings.environment).map(([variable, value]) => [
    variable,
    typeof value === "string" ? value : urlOf(value.service),
  ]);
  return {
    ...roles,
    family,
    containers: containers(settings, {
      image,
      proxyImage: config.proxy.image,
      environment: Object.fromEntries(environment) as Record<string, string>,
      logGroup: namesOf(config).logs(name),
      awsRegion: config.aws.region,
    }),
    volumes: volumesOf(settings),
  };
}
