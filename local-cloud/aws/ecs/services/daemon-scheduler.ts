import type { World } from "../../../world";
import { primaryOf, tasksOf } from "./deployments";
import { isMember, subjectOf } from "../placement";
import { completeRollout, isHealthy } from "./rollout";
import { startTaskOn, stopTasks } from "./service-tasks";
import { isConnected, type Settings } from "../../settings";
import type { ContainerInstance, EcsService, Task } from "../../state";

/**
 * A step of a DAEMON service: one task on every ACTIVE instance that satisfies the constraints. Tasks on draining
 * instances stop at once; older deployments' tasks give way while `minimumHealthyPercent` stay healthy. A new service
 * wants no task at first, and its roll-out is in progress all the same.
 * Source: Amazon ECS Developer Guide, "Amazon ECS service scheduler".
 */
export function rollDaemon(world: World, service: EcsService, now: number, settings: Settings): void {
  const primary = primaryOf(service);
  if (primary === undefined || now - service.createdAt < settings.daemonDelay * 1000) {
    return;
  }
  const healthy = (task: Task): boolean => isHealthy(world, task, now, settings);
  const unstopped = tasksOf(world, service).filter(({ lastStatus }) => lastStatus !== "STOPPED");
  const targets = targetsOf(world, service, now, settings).filter(
    ({ arn, lastPollAt }) =>
      isConnected(lastPollAt, now, settings) ||
      // A lost agent's task stays: nobody can tell it to stop.
      unstopped.some(({ containerInstanceArn }) => containerInstanceArn === arn),
  );
  service.desiredCount = targets.length;
  primary.desiredCount = targets.length;

  const live = unstopped.filter(({ desiredStatus }) => desiredStatus === "RUNNING");
  const isTarget = (arn: string): boolean => targets.some((target) => target.arn === arn);
  stopTasks(
    service,
    live.filter(({ containerInstanceArn }) => !isTarget(containerInstanceArn)),
    primary,
    now,
  );

  if (primary.rolloutState !== "FAILED") {
    const placed = live.filter(({ containerInstanceArn }) => isTarget(containerInstanceArn));
    const outdated = placed.filter(({ startedBy }) => startedBy !== primary.id);
    const minimum = Math.ceil((targets.length * service.minimumHealthyPercent) / 100);
    const spare = Math.max(0, placed.filter(healthy).length - minimum);
    const unhealthy = outdated.filter((task) => !healthy(task));
    const replaceable = outdated.filter(healthy).slice(0, spare);
    stopTasks(service, [...unhealthy, ...replaceable], primary, now);
    for (const target of targets) {
      if (!unstopped.some(({ containerInstanceArn }) => containerInstanceArn === target.arn)) {
        startTaskOn(world, service, primary, target, now, settings);
      }
    }
  }
  completeRollout(world, service, primary, now, settings);
}

function targetsOf(world: World, service: EcsService, now: number, settings: Settings): ContainerInstance[] {
  const definition = world.aws.taskDefinitions.get(service.taskDefinitionArn)?.definition;
  const constraints = [...service.placementConstraints, ...(definition?.placementConstraints ?? [])];
  return [...world.aws.containerInstances.values()].filter(
    (instance) =>
      instance.clusterName === service.clusterName &&
      instance.status === "ACTIVE" &&
      isMember(constraints, subjectOf(world, instance, now, settings)),
  );
}
