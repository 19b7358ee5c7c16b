import type { AgentOrders, AgentPoll, Assignment, TaskReport } from "../machines";
import type { World } from "../world";
import { tasksOn } from "./placement";
import type { Task } from "./state";
import { markStopped, type StopCause } from "./task-transitions";

/**
 * Takes an agent's reports and tells it what is to run. An agent whose machine is no longer registered, with
 * either service, gets nothing: as with the real one, its credentials or its registration are gone.
 * @param now milliseconds since the epoch
 */
export function pollAgent(world: World, poll: AgentPoll, now: number): AgentOrders {
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
    } else if (usesSecrets(world, task)) {
      const reason =
        "ResourceInitializationError: unable to pull secrets: the local cloud does not model secrets";
      markStopped(world, task, { reason, code: "TaskFailedToStart" }, now);
    }
  }
  return { connected: true, tasks: tasksOn(world, instance).map((task) => assign(world, task)) };
}

function takeReport(world: World, task: Task, report: TaskReport, now: number): void {
  task.health = report.health;
  if (report.status === "PENDING") {
    return;
  }
  if (report.status === "RUNNING") {
    task.lastStatus = "RUNNING";
    task.startedAt ??= now;
    return;
  }
  task.exitCode = report.exitCode;
  markStopped(world, task, causeOf(task, report), now);
}

function causeOf(task: Task, { reason }: TaskReport): StopCause {
  const neverRan = task.startedAt === undefined && reason?.startsWith("Cannot") === true;
  return {
    reason: reason ?? "Essential container in task exited",
    code: neverRan ? "TaskFailedToStart" : "EssentialContainerExited",
  };
}

function containerOf(world: World, task: Task) {
  const definition = world.aws.taskDefinitions.get(task.taskDefinitionArn)?.definition;
  const container = definition?.containerDefinitions?.[0];
  if (definition === undefined || container === undefined) {
    throw new Error(`Task ${task.arn} has no container in ${task.taskDefinitionArn}`);
  }
  return { definition, container };
}

function usesSecrets(world: World, task: Task): boolean {
  return (containerOf(world, task).container.secrets ?? []).length > 0;
}

function assign(world: World, task: Task): Assignment {
  const { definition, container } = containerOf(world, task);
  const [port] = container.portMappings ?? [];
  const check = container.healthCheck;
  return {
    taskArn: task.arn,
    family: definition.family,
    revision: definition.revision,
    desiredStatus: task.desiredStatus,
    container: {
      name: container.name ?? "",
      image: container.image ?? "",
      command: container.command ?? [],
      environment: Object.fromEntries(
        (container.environment ?? []).map(({ name = "", value = "" }) => [name, value]),
      ),
      containerPort: port?.containerPort,
      hostPort: port?.hostPort,
      stopTimeout: container.stopTimeout ?? 30,
      healthCheck: check && {
        command: check.command ?? [],
        interval: check.interval ?? 30,
        timeout: check.timeout ?? 5,
        retries: check.retries ?? 3,
        startPeriod: check.startPeriod ?? 0,
      },
    },
  };
}
