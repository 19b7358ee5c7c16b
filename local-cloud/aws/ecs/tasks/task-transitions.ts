import type { Context } from "../../context";
import type { Deployment, EcsService, Task } from "../../state";

/** Why a task stops. */
export interface StopCause {
  readonly reason: string;
  readonly code:
    "TaskFailedToStart" | "EssentialContainerExited" | "UserInitiated" | "ServiceSchedulerInitiated";
}

/** The service that a task belongs to. */
function serviceOf({ world }: Context, task: Task): EcsService | undefined {
  return [...world.aws.services.values()].find(
    ({ name, clusterName }) => clusterName === task.clusterName && task.group === `service:${name}`,
  );
}

/** Asks a task's agent to stop it. The first cause stays. */
export function requestStop({ now }: Context, task: Task, cause: StopCause): void {
  if (task.desiredStatus === "STOPPED") {
    return;
  }
  task.desiredStatus = "STOPPED";
  task.stoppingAt = now;
  task.stoppedReason = cause.reason;
  task.stopCode = cause.code;
}

/** Stops a task because its health checks failed, which counts against its deployment. */
export function failHealthCheck(context: Context, task: Task): void {
  countFailure(context, task);
  requestStop(context, task, {
    reason: "Task failed container health checks",
    code: "ServiceSchedulerInitiated",
  });
}

/** Records that a task has stopped. If nobody had asked for that, it counts against its deployment. */
export function markStopped(context: Context, task: Task, cause: StopCause): void {
  const byItself = task.desiredStatus === "RUNNING";
  requestStop(context, task, cause);
  if (byItself && (cause.code === "EssentialContainerExited" || cause.code === "TaskFailedToStart")) {
    countFailure(context, task);
  }
  task.lastStatus = "STOPPED";
  task.stoppedAt = context.now;
}

function countFailure(context: Context, task: Task): void {
  const deployment = serviceOf(context, task)?.deployments.find(
    ({ id }: Deployment) => id === task.startedBy,
  );
  if (deployment?.rolloutState === "IN_PROGRESS") {
    deployment.failedTasks += 1;
  }
}
