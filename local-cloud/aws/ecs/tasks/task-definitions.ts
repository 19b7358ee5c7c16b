import type * as Ecs from "@aws-sdk/client-ecs";

import type { Context } from "../../context";
import { clientError, invalidParameter, notModelled } from "../../protocol/api-error";
import { ecsArn, lastPart } from "../../protocol/arns";
import { operation, type Operations } from "../../protocol/operation";
import { ecsPage } from "../../protocol/paging";
import type { TaskDefinition } from "../../state";
import { checkTaskDefinition } from "./task-definition-rules";

/** The revision that a family, `family:revision` or ARN names: the newest ACTIVE one of a family. */
function findTaskDefinition({ world }: Context, name: string): TaskDefinition | undefined {
  if (name.startsWith("arn:")) {
    return world.aws.taskDefinitions.get(name);
  }
  const [family, revision] = name.split(":");
  return [...world.aws.taskDefinitions.values()].findLast(({ definition, status }) =>
    revision === undefined
      ? definition.family === family && status === "ACTIVE"
      : definition.family === family && String(definition.revision) === revision,
  );
}

/** @throws ApiError ClientException when there is no such revision or it is INACTIVE */
export function requireActiveTaskDefinition(context: Context, name: string | undefined): TaskDefinition {
  const found = findTaskDefinition(context, name ?? "");
  if (found === undefined) {
    throw clientError("Unable to find task definition.");
  }
  if (found.status !== "ACTIVE") {
    throw clientError("TaskDefinition is inactive");
  }
  return found;
}

/** Registers the next revision of a family, with the defaults that ECS fills in. */
function registerTaskDefinition(
  context: Context,
  { tags = [], ...input }: Ecs.RegisterTaskDefinitionRequest,
): Ecs.RegisterTaskDefinitionResponse {
  checkTaskDefinition(input);
  const family = input.family ?? "";
  const revisions = [...context.world.aws.taskDefinitions.values()].filter(
    ({ definition }) => definition.family === family,
  );
  const revision = revisions.length + 1;
  const arn = ecsArn(context, `task-definition/${family}:${revision}`);
  const known: TaskDefinition = {
    definition: {
      ...input,
      taskDefinitionArn: arn,
      family,
      revision,
      containerDefinitions: (input.containerDefinitions ?? []).map((container) =>
        withDefaults(container, input.networkMode ?? "bridge"),
      ),
      volumes: input.volumes ?? [],
      placementConstraints: input.placementConstraints ?? [],
      compatibilities: ["EXTERNAL", "EC2"],
      registeredAt: new Date(context.now),
      registeredBy: `arn:aws:iam::${context.world.account}:root`,
    },
    status: "ACTIVE",
    tags,
  };
  context.world.aws.taskDefinitions.set(arn, known);
  return { taskDefinition: describe(known), tags };
}

/** Source: Amazon ECS API Reference, Ecs.ContainerDefinition, HealthCheck and PortMapping. */
function withDefaults(container: Ecs.ContainerDefinition, networkMode: string): Ecs.ContainerDefinition {
  const { linuxParameters } = container;
  return {
    ...container,
    cpu: container.cpu ?? 0,
    essential: container.essential ?? true,
    portMappings: (container.portMappings ?? []).map((mapping) => ({
      ...mapping,
      hostPort: mapping.hostPort ?? (networkMode === "host" ? mapping.containerPort : 0),
      protocol: mapping.protocol ?? "tcp",
    })),
    environment: container.environment ?? [],
    mountPoints: container.mountPoints ?? [],
    volumesFrom: container.volumesFrom ?? [],
    systemControls: container.systemControls ?? [],
    ...(container.healthCheck
      ? { healthCheck: { interval: 30, timeout: 5, retries: 3, ...container.healthCheck } }
      : {}),
    ...(linuxParameters ? { linuxParameters: withBothLists(linuxParameters) } : {}),
  };
}

/** Capabilities are returned with both lists, and not at all when both are empty. */
function withBothLists({ capabilities, ...others }: Ecs.LinuxParameters): Ecs.LinuxParameters {
  const { add = [], drop = [] } = capabilities ?? {};
  return add.length + drop.length === 0 ? others : { ...others, capabilities: { add, drop } };
}

function describe({ definition, status }: TaskDefinition): Ecs.TaskDefinition {
  return { ...definition, status };
}

function requireTaskDefinition(context: Context, name: string | undefined, action: string): TaskDefinition {
  const found = findTaskDefinition(context, name ?? "");
  if (found === undefined) {
    throw clientError(`Unable to ${action} task definition.`);
  }
  return found;
}

function describeTaskDefinition(
  context: Context,
  input: Ecs.DescribeTaskDefinitionRequest,
): Ecs.DescribeTaskDefinitionResponse {
  const found = requireTaskDefinition(context, input.taskDefinition, "describe");
  return {
    taskDefinition: describe(found),
    ...(input.include?.includes("TAGS") ? { tags: found.tags } : {}),
  };
}

/** An INACTIVE revision keeps running where it does; nothing new can use it. */
function deregisterTaskDefinition(
  context: Context,
  { taskDefinition = "" }: Ecs.DeregisterTaskDefinitionRequest,
): Ecs.DeregisterTaskDefinitionResponse {
  if (!/:\d+$/.test(lastPart(taskDefinition))) {
    throw invalidParameter("Invalid revision number. Use family:revision or an ARN.");
  }
  const found = requireTaskDefinition(context, taskDefinition, "deregister");
  if (found.status !== "ACTIVE") {
    throw clientError("The specified task definition is already inactive.");
  }
  const deregistered: TaskDefinition = {
    ...found,
    definition: { ...found.definition, deregisteredAt: new Date(context.now) },
    status: "INACTIVE",
  };
  context.world.aws.taskDefinitions.set(found.definition.taskDefinitionArn, deregistered);
  return { taskDefinition: describe(deregistered) };
}

function listTaskDefinitions(
  context: Context,
  input: Ecs.ListTaskDefinitionsRequest,
): Ecs.ListTaskDefinitionsResponse {
  const wanted = [...context.world.aws.taskDefinitions.values()]
    .filter(({ status }) => status === (input.status ?? "ACTIVE"))
    .filter(({ definition }) => input.familyPrefix === undefined || definition.family === input.familyPrefix)
    .sort(({ definition: left }, { definition: right }) =>
      left.family === right.family ? left.revision - right.revision : left.family < right.family ? -1 : 1,
    )
    .map(({ definition }) => definition.taskDefinitionArn);
  const ordered = input.sort === "DESC" ? wanted.reverse() : wanted;
  const page = ecsPage(context, ordered, input);
  return { taskDefinitionArns: page.items, nextToken: page.nextToken };
}

const containerMembers = `
  name image cpu memory memoryReservation portMappings essential entryPoint command environment secrets healthCheck
  startTimeout stopTimeout linuxParameters.capabilities linuxParameters.initProcessEnabled linuxParameters.tmpfs links
  dependsOn repositoryCredentials logConfiguration readonlyRootFilesystem privileged user workingDirectory
  dockerLabels dockerSecurityOptions ulimits mountPoints versionConsistency`;

/**
 * Puts inactive revisions into deletion, where they stay here: their numbers are never used again.
 * Source: Amazon ECS Developer Guide, "Deleting an Amazon ECS task definition revision".
 */
function deleteTaskDefinitions(
  context: Context,
  { taskDefinitions = [] }: Ecs.DeleteTaskDefinitionsRequest,
): Ecs.DeleteTaskDefinitionsResponse {
  const found = taskDefinitions.map((name) => requireTaskDefinition(context, name, "delete"));
  if (found.some(({ status }) => status === "ACTIVE")) {
    throw notModelled("deleting a revision that is active");
  }
  const deleted = found.map((one): TaskDefinition => ({ ...one, status: "DELETE_IN_PROGRESS" }));
  for (const one of deleted) {
    context.world.aws.taskDefinitions.set(one.definition.taskDefinitionArn, one);
  }
  return { taskDefinitions: deleted.map(describe), failures: [] };
}

export const taskDefinitionOperations: Operations = {
  RegisterTaskDefinition: operation(
    `family taskRoleArn executionRoleArn networkMode volumes.name volumes.host volumes.configuredAtLaunch
     placementConstraints requiresCompatibilities cpu memory runtimePlatform tags
     ${containerMembers.replaceAll(/\s+(?=\w)/g, " containerDefinitions.")}`,
    registerTaskDefinition,
  ),
  DescribeTaskDefinition: operation("taskDefinition include", describeTaskDefinition),
  DeregisterTaskDefinition: operation("taskDefinition", deregisterTaskDefinition),
  DeleteTaskDefinitions: operation("taskDefinitions", deleteTaskDefinitions),
  ListTaskDefinitions: operation("familyPrefix status sort nextToken maxResults", listTaskDefinitions),
};
