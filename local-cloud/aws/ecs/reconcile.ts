import type { World } from "../../world";
import { tasksOf } from "./services/deployments";
import { rollDaemon } from "./services/daemon-scheduler";
import { rollReplicas } from "./services/replica-scheduler";
import { judgeRollout } from "./services/rollout";
import { defaultSettings, type Settings } from "../settings";
import type { EcsService } from "../state";
import { failHealthCheck, requestStop } from "./tasks/task-transitions";

/** Milliseconds that a stopped task stays listed: at least an hour in AWS. */
const stoppedTaskRetention = 3_600_000;

/**
 * Moves every service one step towards its target: replaces unhealthy tasks, rolls out deployments within
 * their minimum and maximum percent, drains instances, rolls back what keeps failing, finishes deletions.
 * Does nothing but edit the world, and the same for the same world and time.
 * @param now milliseconds since the epoch
 */
export function reconcile(world: World, now: number, settings: Settings = defaultSettings): void {
  for (const service of world.aws.services.values()) {
    if (service.status === "ACTIVE") {
      schedule(world, service, now, settings);
    } else if (service.status === "DRAINING" && isEmpty(world, service)) {
      service.status = "INACTIVE";
      service.deployments = [];
    }
  }
  for (const [arn, task] of world.aws.tasks) {
    if (task.stoppedAt !== undefined && task.stoppedAt + stoppedTaskRetention < now) {
      world.aws.tasks.delete(arn);
    }
  }
}

function isEmpty(world: World, service: EcsService): boolean {
  return tasksOf(world, service).every(({ lastStatus }) => lastStatus === "STOPPED");
}

/** A step of one active service. */
export function schedule(world: World, service: EcsService, now: number, settings: Settings): void {
  for (const task of tasksOf(world, service)) {
    const instance = world.aws.containerInstances.get(task.containerInstanceArn);
    if (task.health === "UNHEALTHY" && task.desiredStatus === "RUNNING") {
      failHealthCheck(world, task, now);
    } else if (task.lastStatus === "PENDING" && instance?.status === "DRAINING") {
      // Source: Amazon ECS Developer Guide, "Draining Amazon ECS container instances".
      requestStop(
        task,
        { reason: "Task stopped by draining instance", code: "ServiceSchedulerInitiated" },
        now,
      );
    }
  }
  judgeRollout(world, service, now, settings);
  if (service.schedulingStrategy === "DAEMON") {
    rollDaemon(world, service, now, settings);
  } else {
    rollReplicas(world, service, now, settings);
  }
}
