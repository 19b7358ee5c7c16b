import type { ContainerDefinition, HealthCheck } from "@aws-sdk/client-ecs";
import type { Context } from "../../context";
import type { Assignment, ContainerOrder } from "../../../machines";
import type { Task } from "../../state";
import type { Secrets } from "./secrets";

/** A task's payload for its agent, with the defaults of ECS and of the agent. */
export function assign({ world }: Context, task: Task, secrets: Secrets | undefined): Assignment {
  const definition = world.aws.taskDefinitions.get(task.taskDefinitionArn)?.definition;
  if (definition === undefined) {
    throw new Error(`Task ${task.arn} has no task definition ${task.taskDefinitionArn}`);
  }
  const hostPaths = new Map(definition.volumes?.map(({ name = "", host }) => [name, host?.sourcePath]));
  return {
    taskArn: task.arn,
    family: definition.family,
    revision: definition.revision,
    desiredStatus: task.desiredStatus,
    networkMode: (definition.networkMode ?? "bridge") as Assignment["networkMode"],
    containers: (definition.containerDefinitions ?? []).map((container) =>
      order(overridden(container, task), hostPaths, valuesOf(container, secrets)),
    ),
  };
}

function overridden(container: ContainerDefinition, { overrides = [] }: Task): ContainerDefinition {
  const { command, environment = [] } = overrides.find(({ name }) => name === container.name) ?? {};
  return {
    ...container,
    ...(command && { command }),
    environment: [...(container.environment ?? []), ...environment],
  };
}

function valuesOf({ name = "" }: ContainerDefinition, secrets: Secrets | undefined) {
  return secrets !== undefined && "values" in secrets ? (secrets.values[name] ?? {}) : {};
}

function order(
  container: ContainerDefinition,
  hostPaths: ReadonlyMap<string, string | undefined>,
  secrets: Readonly<Record<string, string>>,
): ContainerOrder {
  const { linuxParameters, healthCheck, environment = [] } = container;
  return {
    name: container.name ?? "",
    image: container.image ?? "",
    essential: container.essential ?? true,
    entryPoint: filled(container.entryPoint),
    command: filled(container.command),
    workingDirectory: container.workingDirectory,
    user: container.user,
    environment: {
      ...Object.fromEntries(environment.map(({ name = "", value = "" }) => [name, value])),
      ...secrets,
    },
    ports: (container.portMappings ?? []).map(({ containerPort = 0, hostPort = 0 }) => ({
      containerPort,
      hostPort,
    })),
    links: container.links ?? [],
    dependsOn: (container.dependsOn ?? []).map(({ containerName = "", condition = "START" }) => ({
      containerName,
      condition,
    })),
    stopTimeout: container.stopTimeout ?? 30,
    startTimeout: container.startTimeout,
    healthCheck: healthCheck && checkOf(healthCheck),
    mounts: (container.mountPoints ?? []).map(
      ({ sourceVolume = "", containerPath = "", readOnly = false }) => ({
        volume: sourceVolume,
        hostPath: hostPaths.get(sourceVolume),
        containerPath,
        readOnly,
      }),
    ),
    tmpfs: (linuxParameters?.tmpfs ?? []).map(({ containerPath = "", size = 0, mountOptions = [] }) => ({
      containerPath,
      mebibytes: size,
      mountOptions,
    })),
    readOnlyRoot: container.readonlyRootFilesystem ?? false,
    initProcess: linuxParameters?.initProcessEnabled ?? false,
    capabilities: {
      add: linuxParameters?.capabilities?.add ?? [],
      drop: linuxParameters?.capabilities?.drop ?? [],
    },
    noNewPrivileges: (container.dockerSecurityOptions ?? []).includes("no-new-privileges"),
  };
}

/** An empty list counts as none: the image's own applies. */
function filled(list: readonly string[] | undefined): readonly string[] | undefined {
  return list?.length === 0 ? undefined : list;
}

function checkOf(check: HealthCheck): ContainerOrder["healthCheck"] {
  return {
    command: check.command ?? [],
    interval: check.interval ?? 30,
    timeout: check.timeout ?? 5,
    retries: check.retries ?? 3,
    startPeriod: check.startPeriod ?? 0,
  };
}
