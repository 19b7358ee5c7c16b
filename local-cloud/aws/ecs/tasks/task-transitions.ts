import type { World } from "../../../world";
import type { Deployment, EcsService, Task } from "../../state";

/** Why a task stops. */
export interface StopCause {
  readonly reason: string;
  readonly code:
    "TaskFailedToStart" | "EssentialContainerExited" | "UserInitiated" | "ServiceSchedulerInitiated";
}

/** The service that a task belongs to. */
function serviceOf(world: World, task: Task): EcsService | undefined {
  return [...world.aws.services.values()].find(
    ({ name, clusterName }) => clusterName === task.clusterName && task.group === `service:${name}`,
  );
}

/** Asks a task's agent to stop it. The first cause stays. */
export function requestStop(task: Task, cause: StopCause, now: number): void {
  if (task.desiredStatus === "STOPPED") {
    return;
  }
  task.desiredStatus = "STOPPED";
  task.stoppingAt = now;
  task.stoppedReason = cause.reason;
  task.stopCode = cause.code;
}

/** Stops a task because its health checks failed, which counts against its deployment. */
export function failHealthCheck(world: World, task: Task, now: number): void {
  countFailure(world, task);
  requestStop(
    task,
    { reason: "Task failed container health checks", code: "ServiceSchedulerInitiated" },
    now,
  );
}

/** Records that a task has stopped; by itself, when nobody had asked for it, which counts against its deployment. */
export function markStopped(world: World, task: Task, cause: StopCause, now: number): void {
  const byItself = task.desiredStatus === "RUNNING";
  requestStop(task, cause, now);
  if (byItself && (cause.code === "EssentialContainerExited" || cause.code === "TaskFailedToStart")) {
    countFailure(world, task);
  }
  task.lastStatus = "STOPPED";
  task.stoppedAt = now;
}

function countFailure(world: World, task: Task): void {
  const deployment = serviceOf(world, task)?.deployments.find(({ id }: Deployment) => id === task.startedBy);
  if (deployment?.rolloutState === "IN_PROGRESS") {
    deployment.failedTasks += 1;
  }
}
