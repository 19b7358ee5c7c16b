import type * as Ecs from "@aws-sdk/client-ecs";

import { type Context, isConnected } from "../context";
import { invalidParameter } from "../protocol/api-error";
import { ecsArn } from "../protocol/arns";
import { requireCluster } from "./clusters";
import { parseExpression } from "./expression";
import { findIn, lookUp } from "../protocol/look-up";
import { operation, type Operations } from "../protocol/operation";
import { ecsPage } from "../protocol/paging";
import { remainingOf, reservedPorts, subjectOf, tasksOn } from "./placement";
import type { ContainerInstance } from "../state";
import { markStopped } from "./tasks/task-transitions";

/** The instance as `DescribeContainerInstances` shows it. */
export function describeInstance(
  context: Context,
  instance: ContainerInstance,
  include: readonly string[] = [],
): Ecs.ContainerInstance {
  const tasks = tasksOn(context, instance);
  const remaining = remainingOf(context, instance);
  return {
    containerInstanceArn: instance.arn,
    ec2InstanceId: instance.managedInstanceId,
    version: 1,
    versionInfo: { agentVersion: instance.agentVersion, dockerVersion: instance.dockerVersion },
    remainingResources: resources(remaining.cpuUnits, remaining.memoryMiB, remaining.ports),
    registeredResources: resources(instance.resources.cpuUnits, instance.resources.memoryMiB, reservedPorts),
    status: instance.status,
    agentConnected: instance.status !== "INACTIVE" && isConnected(context, instance.lastPollAt),
    runningTasksCount: tasks.filter(({ lastStatus }) => lastStatus === "RUNNING").length,
    pendingTasksCount: tasks.filter(({ lastStatus }) => lastStatus === "PENDING").length,
    attributes: instance.attributes,
    registeredAt: new Date(instance.registeredAt),
    attachments: [],
    tags: include.includes("TAGS") ? instance.tags : [],
  };
}

function resources(cpuUnits: number, memoryMiB: number, ports: readonly number[]): Ecs.Resource[] {
  return [
    { name: "CPU", type: "INTEGER", doubleValue: 0, longValue: 0, integerValue: cpuUnits },
    { name: "MEMORY", type: "INTEGER", doubleValue: 0, longValue: 0, integerValue: memoryMiB },
    {
      name: "PORTS",
      type: "STRINGSET",
      doubleValue: 0,
      longValue: 0,
      integerValue: 0,
      stringSetValue: ports.map(String),
    },
    {
      name: "PORTS_UDP",
      type: "STRINGSET",
      doubleValue: 0,
      longValue: 0,
      integerValue: 0,
      stringSetValue: [],
    },
  ];
}

/** Lists ACTIVE and DRAINING instances when no status is asked for. */
function listContainerInstances(
  context: Context,
  input: Ecs.ListContainerInstancesRequest,
): Ecs.ListContainerInstancesResponse {
  const cluster = requireCluster(context, input.cluster);
  const matches = input.filter === undefined ? () => true : parseExpression(input.filter);
  const wanted = [...context.world.aws.containerInstances.values()]
    .filter(({ clusterName }) => clusterName === cluster.name)
    .filter(({ status }) => (input.status === undefined ? status !== "INACTIVE" : status === input.status))
    .filter((instance) => matches(subjectOf(context, instance)))
    .map(({ arn }) => arn);
  const page = ecsPage(context, wanted, input);
  return { containerInstanceArns: page.items, nextToken: page.nextToken };
}

function describeContainerInstances(
  context: Context,
  input: Ecs.DescribeContainerInstancesRequest,
): Ecs.DescribeContainerInstancesResponse {
  const cluster = requireCluster(context, input.cluster);
  const { found, failures } = resolve(context, cluster.name, input.containerInstances ?? [], 100);
  return {
    containerInstances: found.map((instance) => describeInstance(context, instance, input.include)),
    failures,
  };
}

function resolve(context: Context, clusterName: string, ids: readonly string[], limit: number) {
  if (ids.length === 0) {
    throw invalidParameter("Container Instance list can not be empty.");
  }
  if (ids.length > limit) {
    throw invalidParameter(`Container Instance list can have at most ${limit} entries.`);
  }
  return lookUp(
    ids,
    (id) => findIn(context.world.aws.containerInstances, clusterName, id),
    (id) => ecsArn(context, `container-instance/${clusterName}/${id}`),
  );
}

/**
 * Changes ACTIVE to DRAINING or back; INACTIVE stays. Source: Amazon ECS API Reference, UpdateContainerInstancesState.
 */
function updateContainerInstancesState(
  context: Context,
  input: Ecs.UpdateContainerInstancesStateRequest,
): Ecs.UpdateContainerInstancesStateResponse {
  const cluster = requireCluster(context, input.cluster);
  const { status } = input;
  if (status !== "ACTIVE" && status !== "DRAINING") {
    throw invalidParameter("Container instance status should be one of [ACTIVE,DRAINING].");
  }
  const { found, failures } = resolve(context, cluster.name, input.containerInstances ?? [], 10);
  const inactive = found.filter((instance) => instance.status === "INACTIVE");
  const changed = found.filter((instance) => instance.status !== "INACTIVE");
  for (const instance of changed) {
    instance.status = status;
  }
  return {
    containerInstances: changed.map((instance) => describeInstance(context, instance)),
    failures: [...failures, ...inactive.map(({ arn }) => ({ arn, reason: "INACTIVE" }))],
  };
}

/** With `force`, its tasks are gone for their service; on the machine they keep running, orphaned. */
function deregisterContainerInstance(
  context: Context,
  input: Ecs.DeregisterContainerInstanceRequest,
): Ecs.DeregisterContainerInstanceResponse {
  const cluster = requireCluster(context, input.cluster);
  const instance = findIn(context.world.aws.containerInstances, cluster.name, input.containerInstance ?? "");
  if (instance === undefined || instance.status === "INACTIVE") {
    throw invalidParameter("Referenced container instance was not found or is inactive.");
  }
  const tasks = tasksOn(context, instance);
  if (tasks.length > 0 && input.force !== true) {
    throw invalidParameter("Found running tasks on the instance.");
  }
  for (const task of tasks) {
    const reason = "Container instance deregistration forced by user";
    markStopped(context, task, { reason, code: "ServiceSchedulerInitiated" });
  }
  instance.status = "INACTIVE";
  instance.lastPollAt = 0;
  return { containerInstance: describeInstance(context, instance) };
}

export const containerInstanceOperations: Operations = {
  ListContainerInstances: operation("cluster filter nextToken maxResults status", listContainerInstances),
  DescribeContainerInstances: operation("cluster containerInstances include", describeContainerInstances),
  UpdateContainerInstancesState: operation(
    "cluster containerInstances status",
    updateContainerInstancesState,
  ),
  DeregisterContainerInstance: operation("cluster containerInstance force", deregisterContainerInstance),
};
