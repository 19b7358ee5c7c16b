import type { World } from "../../../world";
import { addEvent, finish, primaryOf, tasksOf } from "./deployments";
import type { Settings } from "../../settings";
import { checkedContainers } from "../tasks/task-health";
import type { Deployment, EcsService, ServiceDeployment, Task } from "../../state";

/** How many failed tasks end a deployment. Source: Amazon ECS Developer Guide, "How the deployment circuit breaker detects failures". */
export function failureThreshold(desiredCount: number): number {
  return Math.min(200, Math.max(3, Math.ceil(desiredCount * 0.5)));
}

/** Whether a task serves: it runs, is to run, and its health check, if it has one, has passed. */
export function isHealthy(world: World, task: Task, now: number, { settledAfter }: Settings): boolean {
  if (task.lastStatus !== "RUNNING" || task.desiredStatus !== "RUNNING") {
    return false;
  }
  return checkedContainers(world, task).length === 0
    ? now - (task.startedAt ?? now) >= settledAfter * 1000
    : task.health === "HEALTHY";
}

/** Ends the primary deployment when too many of its tasks have failed in a row; a healthy one resets the count. */
export function judgeRollout(world: World, service: EcsService, now: number, settings: Settings): void {
  const primary = primaryOf(service);
  if (primary?.rolloutState !== "IN_PROGRESS") {
    return;
  }
  if (
    tasksOf(world, service).some(
      (task) => task.startedBy === primary.id && isHealthy(world, task, now, settings),
    )
  ) {
    primary.failedTasks = 0;
  }
  if (service.circuitBreaker.enable && primary.failedTasks >= failureThreshold(primary.desiredCount)) {
    breakCircuit(service, primary, now);
  }
}

function breakCircuit(service: EcsService, failed: Deployment, now: number): void {
  failed.rolloutState = "FAILED";
  failed.rolloutStateReason = "ECS deployment circuit breaker: tasks failed to start.";
  failed.updatedAt = now;
  addEvent(service, `(deployment ${failed.id}) deployment failed: tasks failed to start.`, now);
  const record = recordOf(service, failed);
  const target = service.deployments.find(
    (deployment) => deployment !== failed && deployment.rolloutState === "COMPLETED",
  );
  if (!service.circuitBreaker.rollback || target === undefined) {
    if (record !== undefined) {
      finish(
        record,
        service.circuitBreaker.rollback ? "ROLLBACK_FAILED" : "STOPPED",
        failed.rolloutStateReason,
        now,
      );
    }
    return;
  }
  const reason = `ECS deployment circuit breaker: rolling back to deploymentId ${target.id}.`;
  addEvent(service, `rolling back to deployment ${target.id}.`, now);
  failed.status = "ACTIVE";
  target.status = "PRIMARY";
  target.rolloutState = "IN_PROGRESS";
  target.rolloutStateReason = reason;
  target.failedTasks = 0;
  target.updatedAt = now;
  service.deployments = [target, ...service.deployments.filter((deployment) => deployment !== target)];
  service.taskDefinitionArn = target.taskDefinitionArn;
  if (record !== undefined) {
    record.status = "ROLLBACK_IN_PROGRESS";
    record.statusReason = failed.rolloutStateReason;
    record.updatedAt = now;
    record.rollback = { reason: failed.rolloutStateReason, startedAt: now, deploymentId: target.id };
  }
}

function recordOf(service: EcsService, deployment: Deployment): ServiceDeployment | undefined {
  return service.serviceDeployments.find(({ deploymentId }) => deploymentId === deployment.id);
}

/**
 * Completes the primary deployment once its tasks are all healthy and the older ones' have stopped, and says
 * so. Older deployments without tasks are gone with it.
 */
export function completeRollout(
  world: World,
  service: EcsService,
  primary: Deployment,
  now: number,
  settings: Settings,
): void {
  const tasks = tasksOf(world, service).filter(({ lastStatus }) => lastStatus !== "STOPPED");
  const own = tasks.filter(({ startedBy }) => startedBy === primary.id);
  const steady =
    own.length === tasks.length &&
    own.length === primary.desiredCount &&
    own.every((task) => isHealthy(world, task, now, settings));
  if (!steady || primary.rolloutState === "FAILED") {
    return;
  }
  service.deployments = [primary];
  if (primary.rolloutState === "IN_PROGRESS") {
    const rolledBack = service.serviceDeployments.find(({ status }) => status === "ROLLBACK_IN_PROGRESS");
    primary.rolloutState = "COMPLETED";
    // A rollback keeps its reason, which is how one can tell it from a roll-out that went well.
    if (rolledBack === undefined) {
      primary.rolloutStateReason = `ECS deployment ${primary.id} completed.`;
    }
    primary.updatedAt = now;
    const record = rolledBack ?? recordOf(service, primary);
    if (record !== undefined) {
      finish(record, rolledBack ? "ROLLBACK_SUCCESSFUL" : "SUCCESSFUL", rolledBack?.statusReason, now);
    }
    addEvent(service, `(deployment ${primary.id}) deployment completed.`, now);
  }
  const message = "has reached a steady state.";
  if (service.events[0]?.message.endsWith(message) !== true) {
    addEvent(service, message, now);
  }
}
