import type * as Ecs from "@aws-sdk/client-ecs";

import type { Context } from "../../context";
import { ApiError, invalidParameter, notModelled } from "../../protocol/api-error";
import { ecsArn, lastPart } from "../../protocol/arns";
import { requireCluster } from "../clusters";
import { derivedHex } from "../../protocol/identifiers";
import { findIn, lookUp } from "../../protocol/look-up";
import { operation, type Operations } from "../../protocol/operation";
import { ecsPage } from "../../protocol/paging";
import { place } from "../placement";
import type { ContainerInstance, Task } from "../../state";
import { requireActiveTaskDefinition } from "./task-definitions";
import { describeTask } from "./task-description";
import { requestStop } from "./task-transitions";

/** Characters of JSON. Source: Amazon ECS API Reference, RunTask, overrides. */
const longestOverrides = 8192;

/** Adds a task, PENDING until its agent takes it up. Its ARN depends only on the world and the time. */
export function addTask(
  context: Context,
  instance: ContainerInstance,
  what: Pick<
    Task,
    | "taskDefinitionArn"
    | "group"
    | "startedBy"
    | "tags"
    | "clientToken"
    | "overrides"
    | "enableExecuteCommand"
  >,
): Task {
  const id = derivedHex(
    32,
    instance.arn,
    what.startedBy,
    what.group,
    context.now,
    context.world.aws.tasks.size,
  );
  const task: Task = {
    ...what,
    arn: ecsArn(context, `task/${instance.clusterName}/${id}`),
    clusterName: instance.clusterName,
    containerInstanceArn: instance.arn,
    lastStatus: "PENDING",
    desiredStatus: "RUNNING",
    health: "UNKNOWN",
    createdAt: context.now,
    startedAt: undefined,
    stoppingAt: undefined,
    stoppedAt: undefined,
    stoppedReason: undefined,
    stopCode: undefined,
    containers: [],
  };
  context.world.aws.tasks.set(task.arn, task);
  return task;
}

/** Lists tasks that should run when no desired status is asked for. */
function listTasks(context: Context, input: Ecs.ListTasksRequest): Ecs.ListTasksResponse {
  const cluster = requireCluster(context, input.cluster);
  const instance =
    input.containerInstance &&
    findIn(context.world.aws.containerInstances, cluster.name, input.containerInstance);
  if (input.containerInstance !== undefined && !instance) {
    throw invalidParameter("Referenced container instance was not found.");
  }
  const service = input.serviceName && lastPart(input.serviceName);
  if (service && findIn(context.world.aws.services, cluster.name, service) === undefined) {
    throw new ApiError("ServiceNotFoundException", "Service not found.");
  }
  const wanted = [...context.world.aws.tasks.values()]
    .filter(({ clusterName }) => clusterName === cluster.name)
    .filter(({ desiredStatus }) => desiredStatus === (input.desiredStatus ?? "RUNNING"))
    .filter(({ containerInstanceArn }) => !instance || containerInstanceArn === instance.arn)
    .filter(({ group }) => !service || group === `service:${service}`)
    .filter(({ startedBy }) => input.startedBy === undefined || startedBy === input.startedBy)
    .filter(
      ({ taskDefinitionArn }) => !input.family || lastPart(taskDefinitionArn).split(":")[0] === input.family,
    )
    .map(({ arn }) => arn);
  const page = ecsPage(context, wanted, input);
  return { taskArns: page.items, nextToken: page.nextToken };
}

function describeTasks(context: Context, input: Ecs.DescribeTasksRequest): Ecs.DescribeTasksResponse {
  const cluster = requireCluster(context, input.cluster);
  const ids = input.tasks ?? [];
  if (ids.length === 0 || ids.length > 100) {
    throw invalidParameter(`Tasks must have between 1 and 100 entries (got ${ids.length}).`);
  }
  const { found, failures } = lookUp(
    ids,
    (id) => findIn(context.world.aws.tasks, cluster.name, id),
    (id) => ecsArn(context, `task/${cluster.name}/${id}`),
  );
  return { tasks: found.map((task) => describeTask(context, task, input.include ?? [])), failures };
}

/**
 * Places tasks at once; one that can't be placed is a failure, not an error. A repeated call, recognised by its client
 * token, returns the tasks of the first. Source: Amazon ECS API Reference, RunTask, and "Ensuring idempotency".
 */
function runTask(context: Context, input: Ecs.RunTaskRequest): Ecs.RunTaskResponse {
  const cluster = requireCluster(context, input.cluster);
  if (input.launchType !== "EXTERNAL") {
    throw notModelled("launch types other than EXTERNAL");
  }
  const { definition, tags: definitionTags } = requireActiveTaskDefinition(context, input.taskDefinition);
  const { clientToken, overrides: { containerOverrides: overrides = [] } = {} } = input;
  if (JSON.stringify(input.overrides ?? {}).length > longestOverrides) {
    throw invalidParameter(`Container Overrides length must be at most ${longestOverrides}`);
  }
  const stranger = overrides.find(
    ({ name }) => definition.containerDefinitions?.some((container) => container.name === name) !== true,
  );
  if (stranger !== undefined) {
    throw invalidParameter(
      `Override for container named ${stranger.name} is not a container in the TaskDefinition.`,
    );
  }
  const known = [...context.world.aws.tasks.values()].filter(
    (task) =>
      clientToken !== undefined && task.clientToken === clientToken && task.clusterName === cluster.name,
  );
  if (known.some(({ taskDefinitionArn }) => taskDefinitionArn !== definition.taskDefinitionArn)) {
    throw new ApiError("ConflictException", "The client token is already in use with a different request.");
  }
  if (known.length > 0) {
    return { tasks: known.map((task) => describeTask(context, task, ["TAGS"])), failures: [] };
  }
  const group = input.group ?? `family:${definition.family}`;
  const tasks: Task[] = [];
  const failures: Ecs.Failure[] = [];
  for (let count = 0; count < (input.count ?? 1); count += 1) {
    const constraints = input.placementConstraints ?? [];
    const placement = place(context, {
      clusterName: cluster.name,
      definition,
      constraints,
      group,
      overrides,
    });
    if ("instance" in placement) {
      const { taskDefinitionArn } = definition;
      const { startedBy = "", enableExecuteCommand = false } = input;
      const tags = tagsOf(input, definitionTags, cluster.name);
      const what = {
        taskDefinitionArn,
        group,
        startedBy,
        tags,
        clientToken,
        overrides,
        enableExecuteCommand,
      };
      tasks.push(addTask(context, placement.instance, what));
    } else if (placement.closest === undefined) {
      throw invalidParameter(placement.reason);
    } else {
      failures.push({ arn: placement.closest.arn, reason: placement.code });
    }
  }
  return { tasks: tasks.map((task) => describeTask(context, task, ["TAGS"])), failures };
}

/** Tags of a task: ECS's own, its definition's if requested, and the request's, which take precedence. */
function tagsOf(
  { enableECSManagedTags: managed = false, propagateTags: from, tags = [] }: Ecs.RunTaskRequest,
  definitionTags: readonly Ecs.Tag[],
  clusterName: string,
): Ecs.Tag[] {
  const inherited = from === "TASK_DEFINITION" ? definitionTags : [];
  return [
    ...tags,
    ...inherited.filter(({ key }) => !tags.some((tag) => tag.key === key)),
    ...(managed ? [{ key: "aws:ecs:clusterName", value: clusterName }] : []),
  ];
}

/** SIGTERM, then SIGKILL after the container's stopTimeout. Stopping a stopped task changes nothing. */
function stopTask(context: Context, input: Ecs.StopTaskRequest): Ecs.StopTaskResponse {
  const cluster = requireCluster(context, input.cluster);
  const task = findIn(context.world.aws.tasks, cluster.name, input.task ?? "");
  if (task === undefined) {
    throw invalidParameter("The referenced task was not found.");
  }
  requestStop(context, task, { reason: input.reason ?? "Task stopped by user", code: "UserInitiated" });
  return { task: describeTask(context, task, []) };
}

export const taskOperations: Operations = {
  ListTasks: operation(
    "cluster containerInstance family nextToken maxResults startedBy serviceName desiredStatus",
    listTasks,
  ),
  DescribeTasks: operation("cluster tasks include", describeTasks),
  RunTask: operation(
    `clientToken cluster count enableECSManagedTags enableExecuteCommand group launchType placementConstraints propagateTags startedBy tags
     taskDefinition overrides.containerOverrides.name overrides.containerOverrides.command
     overrides.containerOverrides.environment overrides.containerOverrides.memory`,
    runTask,
  ),
  StopTask: operation("cluster task reason", stopTask),
};
