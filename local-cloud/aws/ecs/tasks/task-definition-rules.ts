import type { ContainerDefinition, HealthCheck, RegisterTaskDefinitionRequest } from "@aws-sdk/client-ecs";

import { ApiError, notModelled } from "../../protocol/api-error";
import { reservedPorts } from "../placement";

/**
 * Checks what the service model can't say about a task definition for EXTERNAL instances.
 * Source: Amazon ECS API Reference, RegisterTaskDefinition; Developer Guide, "Amazon ECS clusters for the
 * external launch type".
 * @throws ApiError ClientException, or NotModelledException for another compatibility or several containers
 */
export function checkTaskDefinition(input: RegisterTaskDefinitionRequest): void {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(input.family ?? "")) {
    throw new ApiError(
      "ClientException",
      "Family must be up to 255 letters, digits, underscores and hyphens.",
    );
  }
  if (input.requiresCompatibilities?.join() !== "EXTERNAL") {
    throw notModelled("task definitions whose requiresCompatibilities is not [EXTERNAL]");
  }
  if (input.networkMode === "awsvpc") {
    throw new ApiError("ClientException", "The awsvpc network mode is not supported for EXTERNAL tasks.");
  }
  const [container, ...others] = input.containerDefinitions ?? [];
  if (container === undefined) {
    throw new ApiError("ClientException", "Container list cannot be empty.");
  }
  if (others.length > 0) {
    throw notModelled("task definitions with several containers");
  }
  if ((container.secrets ?? []).length > 0 && !input.executionRoleArn) {
    throw new ApiError(
      "ClientException",
      "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
    );
  }
  checkContainer(container, input);
}

function checkContainer(
  container: ContainerDefinition,
  { memory, networkMode }: RegisterTaskDefinitionRequest,
): void {
  const name = container.name ?? "";
  const refuse = (problem: string): never => {
    throw new ApiError("ClientException", `Invalid setting for container '${name}'. ${problem}`);
  };
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) {
    throw new ApiError("ClientException", "Container.name contains invalid characters or is empty.");
  }
  if (!container.image) {
    throw new ApiError("ClientException", "Container.image should not be null or empty.");
  }
  if (container.essential === false) {
    throw new ApiError("ClientException", "A task definition must have at least one essential container.");
  }
  if (container.memory === undefined && container.memoryReservation === undefined && memory === undefined) {
    refuse("At least one of 'memory' or 'memoryReservation' must be specified.");
  }
  if ((container.memoryReservation ?? 0) > (container.memory ?? Infinity)) {
    refuse("'memoryReservation' must not exceed 'memory'.");
  }
  for (const { containerPort, hostPort } of container.portMappings ?? []) {
    if (hostPort !== undefined && reservedPorts.includes(hostPort)) {
      refuse(`Host port ${hostPort} is reserved.`);
    }
    if (networkMode === "host" && hostPort !== undefined && hostPort !== containerPort) {
      refuse("When networkMode=host, the host ports and container ports in port mappings must match.");
    }
  }
  if (container.healthCheck !== undefined) {
    checkHealthCheck(container.healthCheck, refuse);
  }
}

function checkHealthCheck(check: HealthCheck, refuse: (problem: string) => never): void {
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
