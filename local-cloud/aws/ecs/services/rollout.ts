import { addEvent, finish, primaryOf, tasksOf } from "./deployments";
import type { Context } from "../../context";
import { checkedContainers } from "../tasks/task-health";
import type { Deployment, EcsService, ServiceDeployment, Task } from "../../state";

/** How many failed tasks end a deployment. Source: Amazon ECS Developer Guide, "How the deployment circuit breaker detects failures". */
export function failureThreshold(desiredCount: number): number {
  return Math.min(200, Math.max(3, Math.ceil(desiredCount * 0.5)));
}

/** Whether a task serves: it runs, should run, and has passed its health check, if it has one. */
export function isHealthy(context: Context, task: Task): boolean {
  if (task.lastStatus !== "RUNNING" || task.desiredStatus !== "RUNNING") {
    return false;
  }
  return checkedContainers(context, task).length === 0
    ? context.now - (task.startedAt ?? context.now) >= context.settings.settledAfter * 1000
    : task.health === "HEALTHY";
}

/** Ends the primary deployment when too many of its tasks have failed in a row; a healthy one resets the count. */
export function judgeRollout(context: Context, service: EcsService): void {
  const primary = primaryOf(service);
  if (primary?.rolloutState !== "IN_PROGRESS") {
    return;
  }
  if (tasksOf(context, service).some((task) => task.startedBy === primary.id && isHealthy(context, task))) {
    primary.failedTasks = 0;
  }
  if (service.circuitBreaker.enable && primary.failedTasks >= failureThreshold(primary.desiredCount)) {
    breakCircuit(context, service, primary);
  }
}

function breakCircuit(context: Context, service: EcsService, failed: Deployment): void {
  failed.rolloutState = "FAILED";
  failed.rolloutStateReason = "ECS deployment circuit breaker: tasks failed to start.";
  failed.updatedAt = context.now;
  addEvent(context, service, `(deployment ${failed.id}) deployment failed: tasks failed to start.`);
  const record = recordOf(service, failed);
  const target = service.deployments.find(
    (deployment) => deployment !== failed && deployment.rolloutState === "COMPLETED",
  );
  if (!service.circuitBreaker.rollback || target === undefined) {
    if (record !== undefined) {
      finish(
        context,
        record,
        service.circuitBreaker.rollback ? "ROLLBACK_FAILED" : "STOPPED",
        failed.rolloutStateReason,
      );
    }
    return;
  }
  const reason = `ECS deployment circuit breaker: rolling back to deploymentId ${target.id}.`;
  addEvent(context, service, `rolling back to deployment ${target.id}.`);
  failed.status = "ACTIVE";
  target.status = "PRIMARY";
  target.rolloutState = "IN_PROGRESS";
  target.rolloutStateReason = reason;
  target.failedTasks = 0;
  target.updatedAt = context.now;
  service.deployments = [target, ...service.deployments.filter((deployment) => deployment !== target)];
  service.taskDefinitionArn = target.taskDefinitionArn;
  if (record !== undefined) {
    record.status = "ROLLBACK_IN_PROGRESS";
    record.statusReason = failed.rolloutStateReason;
    record.updatedAt = context.now;
    record.rollback = { reason: failed.rolloutStateReason, startedAt: context.now, deploymentId: target.id };
  }
}

function recordOf(service: EcsService, deployment: Deployment): ServiceDeployment | undefined {
  return service.serviceDeployments.find(({ deploymentId }) => deploymentId === deployment.id);
}

/**
 * Completes the primary deployment once its tasks are all healthy and the older ones' have stopped, and reports that.
 * Older deployments without tasks disappear.
 */
export function completeRollout(context: Context, service: EcsService, primary: Deployment): void {
  const tasks = tasksOf(context, service).filter(({ lastStatus }) => lastStatus !== "STOPPED");
  const own = tasks.filter(({ startedBy }) => startedBy === primary.id);
  const steady =
    own.length === tasks.length &&
    own.length === primary.desiredCount &&
    own.every((task) => isHealthy(context, task));
  if (!steady || primary.rolloutState === "FAILED") {
    return;
  }
  service.deployments = [primary];
  if (primary.rolloutState === "IN_PROGRESS") {
    const rolledBack = service.serviceDeployments.find(({ status }) => status === "ROLLBACK_IN_PROGRESS");
    primary.rolloutState = "COMPLETED";
    // A rollback keeps its reason, which distinguishes it from a successful roll-out.
    if (rolledBack === undefined) {
      primary.rolloutStateReason = `ECS deployment ${primary.id} completed.`;
    }
    primary.updatedAt = context.now;
    const record = rolledBack ?? recordOf(service, primary);
    if (record !== undefined) {
      finish(context, record, rolledBack ? "ROLLBACK_SUCCESSFUL" : "SUCCESSFUL", rolledBack?.statusReason);
    }
    addEvent(context, service, `(deployment ${primary.id}) deployment completed.`);
  }
  const message = "has reached a steady state.";
  if (service.events[0]?.message.endsWith(message) !== true) {
    addEvent(context, service, message);
  }
}
