import type { ContainerDefinition, RegisterTaskDefinitionRequest } from "@aws-sdk/client-ecs";

import { clientError, notModelled } from "../../protocol/api-error";
import { checkContainer } from "./container-rules";

/** Source: Amazon ECS Developer Guide, "Amazon ECS service quotas". */
const mostContainers = 10;
/** Bytes of the JSON. Source: as above; github.com/awsdocs/amazon-ecs-developer-guide, pull request 149. */
const longestDefinition = 65_536;

/**
 * Checks rules for task definitions for EXTERNAL instances that the service model can't express.
 * Source: Amazon ECS API Reference, RegisterTaskDefinition; Developer Guide, "Amazon ECS clusters for the
 * external launch type".
 * @throws ApiError ClientException, or NotModelledException for another compatibility
 */
export function checkTaskDefinition(input: Omit<RegisterTaskDefinitionRequest, "tags">): void {
  const length = Buffer.byteLength(JSON.stringify(input));
  if (length > longestDefinition) {
    throw clientError(`Actual length: '${length}'. Max allowed length is '${longestDefinition}' bytes.`);
  }
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(input.family ?? "")) {
    throw clientError("Family must be up to 255 letters, digits, underscores and hyphens.");
  }
  if (input.requiresCompatibilities?.join() !== "EXTERNAL") {
    throw notModelled("task definitions whose requiresCompatibilities is not [EXTERNAL]");
  }
  if (input.networkMode === "awsvpc") {
    throw clientError("The awsvpc network mode is not supported for EXTERNAL tasks.");
  }
  const containers = input.containerDefinitions ?? [];
  if (containers.length === 0) {
    throw clientError("Container list cannot be empty.");
  }
  if (containers.length > mostContainers) {
    throw clientError(`A task definition can have at most ${mostContainers} containers.`);
  }
  for (const container of containers) {
    checkContainer(container, input);
  }
  const twice = duplicate(containers.map(({ name }) => name));
  if (twice !== undefined) {
    throw clientError(`Container names must be unique: '${twice}' is used more than once.`);
  }
  if (containers.every(({ essential }) => essential === false)) {
    throw clientError("A task definition must have at least one essential container.");
  }
  const volume = duplicate((input.volumes ?? []).map(({ name }) => name));
  if (volume !== undefined) {
    throw clientError(`Volume names must be unique: '${volume}' is used more than once.`);
  }
  if ((input.volumes ?? []).some(({ configuredAtLaunch }) => configuredAtLaunch === true)) {
    throw notModelled("volumes that are configured at launch");
  }
  const port = duplicate(
    containers.flatMap(({ portMappings = [] }) => portMappings.map(({ hostPort }) => hostPort || undefined)),
  );
  if (port !== undefined) {
    throw clientError(`Host port ${port} is used by more than one port mapping.`);
  }
  for (const container of containers) {
    checkDependencies(container, containers);
  }
  checkCircles(containers);
}

function duplicate<Item>(items: readonly (Item | undefined)[]): Item | undefined {
  return items.find((item, index) => item !== undefined && items.indexOf(item) !== index);
}

/** Source: Amazon ECS API Reference, ContainerDependency. */
function checkDependencies(
  { name = "", dependsOn = [], links = [] }: ContainerDefinition,
  containers: readonly ContainerDefinition[],
): void {
  const refuse = (problem: string): never => {
    throw clientError(`Invalid setting for container '${name}'. ${problem}`);
  };
  for (const link of links) {
    if (!containers.some((other) => other.name === link.split(":")[0] && other.name !== name)) {
      refuse(`The link '${link}' names no other container of the task definition.`);
    }
  }
  for (const { containerName = "", condition = "" } of dependsOn) {
    const other = containers.find((each) => each.name === containerName);
    if (other === undefined || containerName === name) {
      refuse(`It depends on '${containerName}', which is no other container of the task definition.`);
    } else if (!["START", "COMPLETE", "SUCCESS", "HEALTHY"].includes(condition)) {
      refuse(
        `The condition of a dependency must be START, COMPLETE, SUCCESS or HEALTHY (got '${condition}').`,
      );
    } else if (condition === "HEALTHY" && other.healthCheck === undefined) {
      refuse(`It depends on the health of '${containerName}', which has no health check.`);
    } else if ((condition === "COMPLETE" || condition === "SUCCESS") && other.essential !== false) {
      throw clientError(
        "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
      );
    }
  }
}

/** Links count: the container that a link names is started first. */
function checkCircles(containers: readonly ContainerDefinition[]): void {
  let left = containers;
  for (;;) {
    const next = left.filter(({ dependsOn = [], links = [] }) =>
      [
        ...dependsOn.map(({ containerName }) => containerName),
        ...links.map((link) => link.split(":")[0]),
      ].some((name) => left.some((other) => other.name === name)),
    );
    if (next.length === 0) {
      return;
    }
    if (next.length === left.length) {
      const names = next.map(({ name = "" }) => `'${name}'`).join(", ");
      throw clientError(`Containers depend on each other in a circle: ${names}.`);
    }
    left = next;
  }
}
