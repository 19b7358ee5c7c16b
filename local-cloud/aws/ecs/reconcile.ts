import type { Context } from "../context";
import { tasksOf } from "./services/deployments";
import { rollDaemon } from "./services/daemon-scheduler";
import { rollReplicas } from "./services/replica-scheduler";
import { judgeRollout } from "./services/rollout";
import type { EcsService } from "../state";
import { failHealthCheck, requestStop } from "./tasks/task-transitions";

/** Milliseconds that a stopped task stays listed: at least an hour in AWS. */
const stoppedTaskRetention = 3_600_000;

/**
 * Moves every service one step towards its target: replaces unhealthy tasks, rolls out deployments within their minimum
 * and maximum percent, drains instances, rolls back deployments that keep failing, finishes deletions. Only edits the
 * world, and does the same for the same world and time.
 */
export function reconcile(context: Context): void {
  for (const service of context.world.aws.services.values()) {
    if (service.status === "ACTIVE") {
      schedule(context, service);
    } else if (service.status === "DRAINING" && isEmpty(context, service)) {
      service.status = "INACTIVE";
      service.deployments = [];
    }
  }
  for (const [arn, task] of context.world.aws.tasks) {
    if (task.stoppedAt !== undefined && task.stoppedAt + stoppedTaskRetention < context.now) {
      context.world.aws.tasks.delete(arn);
    }
  }
}

function isEmpty(context: Context, service: EcsService): boolean {
  return tasksOf(context, service).every(({ lastStatus }) => lastStatus === "STOPPED");
}

/** A step of one active service. */
export function schedule(context: Context, service: EcsService): void {
  for (const task of tasksOf(context, service)) {
    const instance = context.world.aws.containerInstances.get(task.containerInstanceArn);
    if (task.health === "UNHEALTHY" && task.desiredStatus === "RUNNING") {
      failHealthCheck(context, task);
    } else if (task.lastStatus === "PENDING" && instance?.status === "DRAINING") {
      // Source: Amazon ECS Developer Guide, "Draining Amazon ECS container instances".
      requestStop(context, task, {
        reason: "Task stopped by draining instance",
        code: "ServiceSchedulerInitiated",
      });
    }
  }
  judgeRollout(context, service);
  if (service.schedulingStrategy === "DAEMON") {
    rollDaemon(context, service);
  } else {
    rollReplicas(context, service);
  }
}
