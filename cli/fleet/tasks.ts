import type { Task } from "@aws-sdk/client-ecs";
import { namesOf } from "../../config/names";
import type { Config } from "../../config/schema";
import type { Expected } from "./expected";
import type { FleetTask } from "./fleet";
import { timeOf } from "./time";

/** The `startedBy` that ECS records for a task of `anywhere run`. */
export const startedByHand = "anywhere-run";

/** Names of services and jobs by the families of their task definitions. */
export type Families = ReadonlyMap<string, string>;

export function familiesOf(config: Config, { services }: Expected): Families {
  const names = namesOf(config);
  return new Map([
    ...services.flatMap(({ service, site }) =>
      familiesAt(config, service, site).map((family) => [family, service] as const),
    ),
    ...Object.keys(config.jobs).map((job) => [names.jobFamily(job), job] as const),
  ]);
}

/** Families of a service's tasks at a site: its own, and with a port those that are run by hand. */
export function familiesAt(config: Config, service: string, site: string): string[] {
  const names = namesOf(config);
  const byHand = config.services[service]?.http === undefined ? [] : [names.oneOffFamily(service, site)];
  return [names.family(service, site), ...byHand];
}

/** The last part of an ARN. */
export const idOf = (arn = ""): string => arn.slice(arn.lastIndexOf("/") + 1);

/** The family of `family:revision`. */
export const familyOf = (revision: string): string => revision.split(":")[0] ?? "";

/** A task as ECS describes it. */
export function taskFrom(task: Task, families: Families): FleetTask {
  const { taskArn = "", taskDefinitionArn, containerInstanceArn, containers = [] } = task;
  const revision = idOf(taskDefinitionArn);
  // A service's task may also have a proxy.
  const app = containers.find(({ name }) => name === "app");
  const failed = containers.find(({ reason }) => reason !== undefined);
  const isOver = task.lastStatus === "STOPPED";
  return {
    id: idOf(taskArn),
    arn: taskArn,
    of: families.get(familyOf(revision)) ?? null,
    byHand: task.startedBy === startedByHand,
    containerInstance: containerInstanceArn === undefined ? null : idOf(containerInstanceArn),
    revision,
    image: app?.image ?? null,
    status: task.lastStatus ?? "",
    health: task.healthStatus ?? "UNKNOWN",
    startedAt: timeOf(task.startedAt),
    stoppedAt: isOver ? timeOf(task.stoppedAt) : null,
    exitCode: app?.exitCode ?? null,
    reason: (isOver ? (failed?.reason ?? task.stoppedReason) : undefined) ?? null,
  };
}
