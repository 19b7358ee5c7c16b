import type {
  CreateServiceRequest,
  DeploymentConfiguration,
  SchedulingStrategy,
  UpdateServiceRequest,
} from "@aws-sdk/client-ecs";

import { invalidParameter, notModelled } from "../../protocol/api-error";
import { parseExpression } from "../expression";
import type { EcsService } from "../../state";

type Rollout = Pick<EcsService, "minimumHealthyPercent" | "maximumPercent" | "circuitBreaker">;

/** How a service is rolled out: the request's settings, the rest as it was. */
export function rolloutOf(configuration: DeploymentConfiguration | undefined, current: Rollout): Rollout {
  const breaker = configuration?.deploymentCircuitBreaker;
  return {
    minimumHealthyPercent: configuration?.minimumHealthyPercent ?? current.minimumHealthyPercent,
    maximumPercent: configuration?.maximumPercent ?? current.maximumPercent,
    circuitBreaker: breaker
      ? { enable: breaker.enable ?? false, rollback: breaker.rollback ?? false }
      : current.circuitBreaker,
  };
}

/**
 * Checks rules for new services on EXTERNAL instances that the service model can't express.
 * Source: Amazon ECS API Reference, CreateService; Developer Guide, "Amazon ECS clusters for the external launch type".
 */
export function checkService(input: CreateServiceRequest, strategy: SchedulingStrategy): void {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(input.serviceName ?? "")) {
    throw invalidParameter("Service name must be up to 255 letters, digits, _ and -.");
  }
  if (input.launchType !== "EXTERNAL") {
    throw notModelled("services whose launchType is not EXTERNAL");
  }
  if (strategy === "DAEMON" && input.desiredCount !== undefined) {
    throw invalidParameter("The daemon scheduling strategy does not support a desired count.");
  }
  if (strategy === "REPLICA" && input.desiredCount === undefined) {
    throw invalidParameter("The desired count must be specified.");
  }
  // Left out, it is ENABLED, although instances outside AWS have no availability zones.
  if (input.availabilityZoneRebalancing === "ENABLED") {
    throw invalidParameter(
      "The service's launch type EXTERNAL does not support Availability Zone rebalancing.",
    );
  }
  checkRollout(input, strategy);
}

/** Checks rules that new and changed services share. */
export function checkRollout(input: CreateServiceRequest | UpdateServiceRequest, strategy: string): void {
  const {
    deploymentConfiguration: rollout,
    deploymentController,
    placementConstraints,
    placementStrategy,
  } = input;
  if (rollout?.strategy !== undefined && rollout.strategy !== "ROLLING") {
    throw notModelled(`the deployment strategy ${rollout.strategy}`);
  }
  if ((rollout?.bakeTimeInMinutes ?? 0) !== 0) {
    throw notModelled("a bake time");
  }
  if (deploymentController !== undefined && deploymentController.type !== "ECS") {
    throw notModelled(`the deployment controller ${String(deploymentController.type)}`);
  }
  const { minimumHealthyPercent: minimum, maximumPercent: maximum } = rollout ?? {};
  if (minimum !== undefined && maximum !== undefined && minimum === 100 && maximum === 100) {
    throw invalidParameter(
      "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
    );
  }
  if (strategy === "DAEMON" && maximum !== undefined && maximum !== 100) {
    throw invalidParameter("The maximumPercent of a DAEMON service must be 100.");
  }
  if (strategy === "DAEMON" && (placementStrategy ?? []).length > 0) {
    throw invalidParameter("The daemon scheduling strategy does not support placement strategies.");
  }
  for (const { type, expression } of placementConstraints ?? []) {
    if (type === "memberOf") {
      parseExpression(expression ?? "");
    } else if (strategy === "DAEMON") {
      throw invalidParameter("The daemon scheduling strategy only supports memberOf constraints.");
    }
  }
  for (const { type, field } of placementStrategy ?? []) {
    if (type !== "spread" || (field !== "instanceId" && field !== "host")) {
      throw notModelled(`the placement strategy ${String(type)} by ${String(field)}`);
    }
  }
}
