import type { Context } from "../context";
import type { AgentOrders, AgentPoll, TaskReport } from "../../machines";
import { tasksOn } from "./placement";
import { assign } from "./tasks/assignment";
import { type Secrets, sourcesOf } from "./tasks/secrets";
import { healthOf } from "./tasks/task-health";
import type { Task } from "../state";
import { markStopped, type StopCause } from "./tasks/task-transitions";

/**
 * Takes an agent's reports and tells it what to run. An agent whose machine is no longer registered with both services
 * gets nothing: as with the real one, its credentials or its registration are gone.
 * @param secretsOf the secrets of a task once they are read; until then a task with secrets waits
 */
export function pollAgent(
  context: Context,
  poll: AgentPoll,
  secretsOf: (taskArn: string) => Secrets | undefined = () => undefined,
): AgentOrders {
  const instance = context.world.aws.containerInstances.get(poll.containerInstanceArn);
  if (
    instance === undefined ||
    instance.status === "INACTIVE" ||
    instance.managedInstanceId !== poll.managedInstanceId
  ) {
    return { connected: false, tasks: [] };
  }
  if (!context.world.aws.managedInstances.has(poll.managedInstanceId)) {
    instance.lastPollAt = 0;
    return { connected: false, tasks: [] };
  }
  instance.lastPollAt = context.now;
  for (const task of tasksOn(context, instance)) {
    const report = poll.tasks.find(({ taskArn }) => taskArn === task.arn);
    if (report !== undefined) {
      takeReport(context, task, report);
    } else if (task.lastStatus === "RUNNING") {
      markStopped(context, task, {
        reason: "Essential container in task exited",
        code: "EssentialContainerExited",
      });
    } else if (task.desiredStatus === "STOPPED") {
      // It never reached the machine.
      markStopped(context, task, { reason: "Task stopped before it started", code: "TaskFailedToStart" });
    } else {
      const secrets = secretsOf(task.arn);
      if (secrets !== undefined && "failure" in secrets) {
        markStopped(context, task, { reason: secrets.failure, code: "TaskFailedToStart" });
      }
    }
  }
  const isReady = (task: Task): boolean =>
    secretsOf(task.arn) !== undefined || sourcesOf(context, task).length === 0;
  return {
    connected: true,
    tasks: tasksOn(context, instance)
      .filter((task) => task.desiredStatus === "STOPPED" || isReady(task))
      .map((task) => assign(context, task, secretsOf(task.arn))),
  };
}

function takeReport(context: Context, task: Task, { status, containers }: TaskReport): void {
  task.containers = containers;
  task.health = healthOf(context, task);
  if (status === "RUNNING") {
    task.lastStatus = "RUNNING";
    task.startedAt ??= context.now;
  } else if (status === "STOPPED") {
    markStopped(context, task, causeOf(task));
  }
}

/** The error that kept one of its containers from running, if the task never ran. */
function causeOf({ startedAt, containers }: Task): StopCause {
  const obstacle = containers.find(({ reason }) => reason?.startsWith("Cannot"))?.reason;
  return startedAt === undefined && obstacle !== undefined
    ? { reason: obstacle, code: "TaskFailedToStart" }
    : { reason: "Essential container in task exited", code: "EssentialContainerExited" };
}
