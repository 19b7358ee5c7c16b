import { primaryOf, tasksOf } from "./deployments";
import { isMember, subjectOf } from "../placement";
import { completeRollout, isHealthy } from "./rollout";
import { startTaskOn, stopTasks } from "./service-tasks";
import { type Context, isConnected } from "../../context";
import type { ContainerInstance, EcsService, Task } from "../../state";

/**
 * A step of a DAEMON service: one task on every ACTIVE instance that satisfies the constraints. Tasks on draining
 * instances stop at once; older deployments' tasks give way while `minimumHealthyPercent` stay healthy. A new service
 * wants no task at first, and its roll-out is in progress all the same.
 * Source: Amazon ECS Developer Guide, "Amazon ECS service scheduler".
 */
export function rollDaemon(context: Context, service: EcsService): void {
  const primary = primaryOf(service);
  if (primary === undefined || context.now - service.createdAt < context.settings.daemonDelay * 1000) {
    return;
  }
  const healthy = (task: Task): boolean => isHealthy(context, task);
  const unstopped = tasksOf(context, service).filter(({ lastStatus }) => lastStatus !== "STOPPED");
  const targets = targetsOf(context, service).filter(
    ({ arn, lastPollAt }) =>
      isConnected(context, lastPollAt) ||
      // A lost agent's task stays: nobody can tell it to stop.
      unstopped.some(({ containerInstanceArn }) => containerInstanceArn === arn),
  );
  service.desiredCount = targets.length;
  primary.desiredCount = targets.length;

  const live = unstopped.filter(({ desiredStatus }) => desiredStatus === "RUNNING");
  const isTarget = (arn: string): boolean => targets.some((target) => target.arn === arn);
  stopTasks(
    context,
    service,
    primary,
    live.filter(({ containerInstanceArn }) => !isTarget(containerInstanceArn)),
  );

  if (primary.rolloutState !== "FAILED") {
    const placed = live.filter(({ containerInstanceArn }) => isTarget(containerInstanceArn));
    const outdated = placed.filter(({ startedBy }) => startedBy !== primary.id);
    const minimum = Math.ceil((targets.length * service.minimumHealthyPercent) / 100);
    const spare = Math.max(0, placed.filter(healthy).length - minimum);
    const unhealthy = outdated.filter((task) => !healthy(task));
    const replaceable = outdated.filter(healthy).slice(0, spare);
    stopTasks(context, service, primary, [...unhealthy, ...replaceable]);
    for (const target of targets) {
      if (!unstopped.some(({ containerInstanceArn }) => containerInstanceArn === target.arn)) {
        startTaskOn(context, service, primary, target);
      }
    }
  }
  completeRollout(context, service, primary);
}

function targetsOf(context: Context, service: EcsService): ContainerInstance[] {
  const definition = context.world.aws.taskDefinitions.get(service.taskDefinitionArn)?.definition;
  const constraints = [...service.placementConstraints, ...(definition?.placementConstraints ?? [])];
  return [...context.world.aws.containerInstances.values()].filter(
    (instance) =>
      instance.clusterName === service.clusterName &&
      instance.status === "ACTIVE" &&
      isMember(constraints, subjectOf(context, instance)),
  );
}
