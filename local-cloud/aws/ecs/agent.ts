import type { AgentOrders, AgentPoll, TaskReport } from "../../machines";
import type { World } from "../../world";
import { tasksOn } from "./placement";
import { assign } from "./tasks/assignment";
import { type Secrets, sourcesOf } from "./tasks/secrets";
import { healthOf } from "./tasks/task-health";
import type { Task } from "../state";
import { markStopped, type StopCause } from "./tasks/task-transitions";

/**
 * Takes an agent's reports and tells it what is to run. An agent whose machine is no longer registered, with
 * either service, gets nothing: as with the real one, its credentials or its registration are gone.
 * @param now milliseconds since the epoch
 * @param secretsOf what has been read for a task; a task with secrets waits until it has
 */
export function pollAgent(
  world: World,
  poll: AgentPoll,
  now: number,
  secretsOf: (taskArn: string) => Secrets | undefined = () => undefined,
): AgentOrders {
  const instance = world.aws.containerInstances.get(poll.containerInstanceArn);
  if (
    instance === undefined ||
    instance.status === "INACTIVE" ||
    instance.managedInstanceId !== poll.managedInstanceId
  ) {
    return { connected: false, tasks: [] };
  }
  if (!world.aws.managedInstances.has(poll.managedInstanceId)) {
    instance.lastPollAt = 0;
    return { connected: false, tasks: [] };
  }
  instance.lastPollAt = now;
  for (const task of tasksOn(world, instance)) {
    const report = poll.tasks.find(({ taskArn }) => taskArn === task.arn);
    if (report !== undefined) {
      takeReport(world, task, report, now);
    } else if (task.lastStatus === "RUNNING") {
      markStopped(
        world,
        task,
        { reason: "Essential container in task exited", code: "EssentialContainerExited" },
        now,
      );
    } else if (task.desiredStatus === "STOPPED") {
      // It never reached the machine.
      markStopped(world, task, { reason: "Task stopped before it started", code: "TaskFailedToStart" }, now);
    } else {
      const secrets = secretsOf(task.arn);
      if (secrets !== undefined && "failure" in secrets) {
        markStopped(world, task, { reason: secrets.failure, code: "TaskFailedToStart" }, now);
      }
    }
  }
  const isReady = (task: Task): boolean =>
    secretsOf(task.arn) !== undefined || sourcesOf(world, task).length === 0;
  return {
    connected: true,
    tasks: tasksOn(world, instance)
      .filter((task) => task.desiredStatus === "STOPPED" || isReady(task))
      .map((task) => assign(world, task, secretsOf(task.arn))),
  };
}

function takeReport(world: World, task: Task, { status, containers }: TaskReport, now: number): void {
  task.containers = containers;
  task.health = healthOf(world, task);
  if (status === "RUNNING") {
    task.lastStatus = "RUNNING";
    task.startedAt ??= now;
  } else if (status === "STOPPED") {
    markStopped(world, task, causeOf(task), now);
  }
}

/** What kept one of its containers from running, if the task never ran. */
function causeOf({ startedAt, containers }: Task): StopCause {
  const obstacle = containers.find(({ reason }) => reason?.startsWith("Cannot"))?.reason;
  return startedAt === undefined && obstacle !== undefined
    ? { reason: obstacle, code: "TaskFailedToStart" }
    : { reason: "Essential container in task exited", code: "EssentialContainerExited" };
}
