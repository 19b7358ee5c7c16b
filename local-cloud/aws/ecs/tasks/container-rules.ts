import type { ContainerDefinition, HealthCheck, RegisterTaskDefinitionRequest } from "@aws-sdk/client-ecs";

import { clientError, notModelled } from "../../protocol/api-error";
import { reservedPorts } from "../placement";

type Refuse = (problem: string) => never;

/** Checks a container by itself. Source: Amazon ECS API Reference, ContainerDefinition. */
export function checkContainer(container: ContainerDefinition, input: RegisterTaskDefinitionRequest): void {
  const name = container.name ?? "";
  const refuse: Refuse = (problem) => {
    throw clientError(`Invalid setting for container '${name}'. ${problem}`);
  };
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) {
    throw clientError("Container.name contains invalid characters or is empty.");
  }
  if (!container.image) {
    throw clientError("Container.image should not be null or empty.");
  }
  const { memory, memoryReservation } = container;
  if (memory === undefined && memoryReservation === undefined && input.memory === undefined) {
    refuse("At least one of 'memory' or 'memoryReservation' must be specified.");
  }
  if ((memoryReservation ?? 0) > (memory ?? Infinity)) {
    refuse("'memoryReservation' must not exceed 'memory'.");
  }
  checkNetwork(container, input, refuse);
  checkExecutionRole(container, input);
  if (container.healthCheck !== undefined) {
    checkHealthCheck(container.healthCheck, refuse);
  }
  if ((container.startTimeout ?? 2) < 2) {
    refuse("'startTimeout' must be at least 2 seconds.");
  }
  for (const { sourceVolume = "", containerPath = "" } of container.mountPoints ?? []) {
    if (!(input.volumes ?? []).some((volume) => volume.name === sourceVolume)) {
      throw clientError(`Unknown volume '${sourceVolume}'.`);
    }
    if (!containerPath.startsWith("/")) {
      refuse(`The containerPath of a mount point must be an absolute path (got '${containerPath}').`);
    }
  }
  const options = (container.dockerSecurityOptions ?? []).filter((option) => option !== "no-new-privileges");
  if (options.length > 0) {
    throw notModelled(`dockerSecurityOptions ${options.join(", ")}`);
  }
  if (container.privileged === true) {
    throw notModelled("privileged containers");
  }
}

function checkNetwork(
  { portMappings = [], links = [] }: ContainerDefinition,
  { networkMode = "bridge" }: RegisterTaskDefinitionRequest,
  refuse: Refuse,
): void {
  if (links.length > 0 && networkMode !== "bridge") {
    refuse(`Links are not supported when networkMode=${networkMode}.`);
  }
  if (portMappings.length > 0 && networkMode === "none") {
    refuse("Port mappings are not supported when networkMode=none.");
  }
  for (const { containerPort, hostPort, protocol } of portMappings) {
    if (containerPort === undefined) {
      refuse("A port mapping needs a containerPort.");
    }
    if (protocol === "udp") {
      throw notModelled("port mappings of UDP");
    }
    if (hostPort !== undefined && reservedPorts.includes(hostPort)) {
      refuse(`Host port ${hostPort} is reserved.`);
    }
    if (networkMode === "host" && hostPort !== undefined && hostPort !== containerPort) {
      refuse("When networkMode=host, the host ports and container ports in port mappings must match.");
    }
  }
}

function checkExecutionRole(
  { secrets = [], repositoryCredentials }: ContainerDefinition,
  { executionRoleArn }: RegisterTaskDefinitionRequest,
): void {
  const needs = secrets.length > 0 ? "secrets" : repositoryCredentials && "repository credentials";
  if (needs !== undefined && !executionRoleArn) {
    throw clientError(
      `When you are specifying container ${needs}, you must also specify a value for 'executionRoleArn'.`,
    );
  }
}

function checkHealthCheck(check: HealthCheck, refuse: Refuse): void {
  const [kind, ...words] = check.command ?? [];
  if ((kind !== "CMD" && kind !== "CMD-SHELL") || words.length === 0) {
    refuse("The health check command must begin with CMD or CMD-SHELL, followed by what to run.");
  }
  const limits = [
    ["interval", check.interval, 5, 300],
    ["timeout", check.timeout, 2, 60],
    ["retries", check.retries, 1, 10],
    ["startPeriod", check.startPeriod, 0, 300],
  ] as const;
  for (const [name, value, least, most] of limits) {
    if (value !== undefined && (value < least || value > most)) {
      refuse(`The health check ${name} must be between ${least} and ${most} (got ${value}).`);
    }
  }
}
