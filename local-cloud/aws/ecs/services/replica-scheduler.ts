import { primaryOf, tasksOf } from "./deployments";
import { completeRollout, isHealthy } from "./rollout";
import { startTasks, stopTasks } from "./service-tasks";
import type { Context } from "../../context";
import type { EcsService, Task } from "../../state";

/**
 * A step of a REPLICA service. Tasks of older deployments and on draining instances give way to new ones while
 * at least `minimumHealthyPercent` of the desired count (rounded up) stay healthy, and at most
 * `maximumPercent` (rounded down) are there.
 * Source: Amazon ECS API Reference, DeploymentConfiguration.
 */
export function rollReplicas(context: Context, service: EcsService): void {
  const primary = primaryOf(service);
  if (primary === undefined) {
    return;
  }
  const healthy = (task: Task): boolean => isHealthy(context, task);
  const desired = service.desiredCount;
  primary.desiredCount = desired;
  const minimum = Math.ceil((desired * service.minimumHealthyPercent) / 100);
  const maximum = Math.floor((desired * service.maximumPercent) / 100);
  const live = tasksOf(context, service).filter(({ desiredStatus }) => desiredStatus === "RUNNING");
  const drains = ({ containerInstanceArn }: Task): boolean =>
    context.world.aws.containerInstances.get(containerInstanceArn)?.status === "DRAINING";
  const current = live.filter((task) => task.startedBy === primary.id && !drains(task));
  const outdated = live.filter((task) => !current.includes(task));
  for (const older of service.deployments.filter((deployment) => deployment !== primary)) {
    older.desiredCount = live.filter(({ startedBy }) => startedBy === older.id).length;
  }

  const weakestFirst = (tasks: readonly Task[]): Task[] =>
    [...tasks].sort((left, right) => Number(healthy(left)) - Number(healthy(right)));
  stopTasks(context, service, primary, weakestFirst(current).slice(0, Math.max(0, current.length - desired)));

  const spare = live.filter(healthy).length - minimum;
  const unhealthy = outdated.filter((task) => !healthy(task));
  const replaceable = outdated.filter(healthy).slice(0, Math.max(0, spare));
  // A failed deployment starts nothing, so the older ones' running tasks stay.
  const stopped = primary.rolloutState === "FAILED" ? [] : [...unhealthy, ...replaceable];
  stopTasks(context, service, primary, stopped);

  if (primary.rolloutState !== "FAILED") {
    const missing = desired - current.length;
    const room = maximum - (live.length - stopped.length);
    startTasks(context, service, primary, Math.min(missing, room));
  }
  completeRollout(context, service, primary);
}
