import type { Container, ContainerDefinition, Task as Description } from "@aws-sdk/client-ecs";
import type { Context } from "../../context";
import { derivedHex } from "../../protocol/identifiers";
import type { Task } from "../../state";

const toDate = (time: number | undefined): Date | undefined =>
  time === undefined ? undefined : new Date(time);

/** A task as DescribeTasks shows it. */
export function describeTask({ world }: Context, task: Task, include: readonly string[]): Description {
  const definition = world.aws.taskDefinitions.get(task.taskDefinitionArn)?.definition;
  return {
    taskArn: task.arn,
    clusterArn: world.aws.clusters.get(task.clusterName)?.arn,
    taskDefinitionArn: task.taskDefinitionArn,
    containerInstanceArn: task.containerInstanceArn,
    group: task.group,
    startedBy: task.startedBy,
    launchType: "EXTERNAL",
    lastStatus: task.lastStatus,
    desiredStatus: task.desiredStatus,
    healthStatus: task.health,
    connectivity: "CONNECTED",
    enableExecuteCommand: task.enableExecuteCommand,
    cpu: definition?.cpu,
    memory: definition?.memory,
    createdAt: new Date(task.createdAt),
    startedAt: toDate(task.startedAt),
    stoppingAt: toDate(task.stoppingAt),
    stoppedAt: toDate(task.stoppedAt),
    stoppedReason: task.stoppedReason,
    stopCode: task.stopCode as Description["stopCode"],
    containers: (definition?.containerDefinitions ?? []).map((container) =>
      describeContainer(task, container),
    ),
    attachments: [],
    overrides: { containerOverrides: [...(task.overrides ?? [])] },
    tags: include.includes("TAGS") ? task.tags : [],
    version: 1,
  };
}

/** ARN of a container of a task. */
export const containerArn = ({ arn }: Task, name: string): string =>
  `${arn.replace(":task/", ":container/")}/${derivedHex(32, arn, name)}`;

function describeContainer(task: Task, definition: ContainerDefinition): Container {
  const { name = "", image, cpu, memory } = definition;
  const known = task.containers.find((container) => container.name === name);
  return {
    containerArn: containerArn(task, name),
    taskArn: task.arn,
    name,
    image,
    runtimeId: known?.runtimeId,
    lastStatus: task.lastStatus === "STOPPED" ? "STOPPED" : (known?.status ?? "PENDING"),
    healthStatus: known?.health ?? "UNKNOWN",
    exitCode: known?.exitCode,
    reason: known?.reason,
    cpu: String(cpu ?? 0),
    memory: memory === undefined ? undefined : String(memory),
    networkBindings: (task.lastStatus === "STOPPED" ? [] : (known?.networkBindings ?? [])).map((binding) => ({
      bindIP: "0.0.0.0",
      protocol: "tcp",
      ...binding,
    })),
    networkInterfaces: [],
    ...(task.enableExecuteCommand && {
      managedAgents: [{ name: "ExecuteCommandAgent" as const, lastStatus: execAgentOf(task, definition) }],
    }),
  };
}

/**
 * Status of the agent that runs commands in a container: it must be able to write to its file system.
 * Source: Amazon ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec".
 */
export function execAgentOf(
  { containers }: Task,
  { name, readonlyRootFilesystem = false }: ContainerDefinition,
): "PENDING" | "RUNNING" | "STOPPED" {
  const status = containers.find((container) => container.name === name)?.status ?? "PENDING";
  return readonlyRootFilesystem && status === "RUNNING" ? "STOPPED" : status;
}
