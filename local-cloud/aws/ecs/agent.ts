import type { AgentOrders, AgentPoll, Assignment, TaskReport } from "../../machines";
import type { World } from "../../world";
import { tasksOn } from "./placement";
import { type Secrets, sourcesOf } from "./tasks/secrets";
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

function assign(world: World, task: Task, secrets: Secrets | undefined): Assignment {
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
      environment: {
        ...Object.fromEntries(
          (container.environment ?? []).map(({ name = "", value = "" }) => [name, value]),
        ),
        ...(secrets !== undefined && "values" in secrets ? secrets.values : {}),
      },
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
