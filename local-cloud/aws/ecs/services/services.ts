import type * as Ecs from "@aws-sdk/client-ecs";

import type { Context } from "../../context";
import { ApiError, invalidParameter, notModelled } from "../../protocol/api-error";
import { ecsArn } from "../../protocol/arns";
import { requireCluster } from "../clusters";
import { startDeployment, tasksOf } from "./deployments";
import { findIn, lookUp } from "../../protocol/look-up";
import { operation, type Operations } from "../../protocol/operation";
import { ecsPage } from "../../protocol/paging";
import { schedule } from "../reconcile";
import { describeService } from "./service-description";
import { checkRollout, checkService, rolloutOf } from "./service-rules";
import type { EcsService } from "../../state";
import { requireActiveTaskDefinition } from "../tasks/task-definitions";
import { requestStop } from "../tasks/task-transitions";

/** Source: Amazon ECS API Reference, CreateService. */
function createService(context: Context, input: Ecs.CreateServiceRequest): Ecs.CreateServiceResponse {
  const cluster = requireCluster(context, input.cluster);
  const { definition } = requireActiveTaskDefinition(context, input.taskDefinition);
  const schedulingStrategy = input.schedulingStrategy ?? "REPLICA";
  checkService(input, schedulingStrategy);
  const name = input.serviceName ?? "";
  const known = findIn(context.world.aws.services, cluster.name, name);
  if (known?.status === "ACTIVE") {
    throw invalidParameter("Creation of service was not idempotent.");
  }
  if (known?.status === "DRAINING") {
    throw invalidParameter("Unable to Start a service that is still Draining.");
  }
  const service: EcsService = {
    arn: ecsArn(context, `service/${cluster.name}/${name}`),
    name,
    clusterName: cluster.name,
    status: "ACTIVE",
    schedulingStrategy,
    desiredCount: input.desiredCount ?? 0,
    taskDefinitionArn: definition.taskDefinitionArn,
    ...rolloutOf(input.deploymentConfiguration, {
      minimumHealthyPercent: schedulingStrategy === "DAEMON" ? 0 : 100,
      maximumPercent: schedulingStrategy === "DAEMON" ? 100 : 200,
      circuitBreaker: { enable: false, rollback: false },
    }),
    placementConstraints: constraintsOf(input),
    placementStrategy: strategyOf(input),
    enableExecuteCommand: input.enableExecuteCommand ?? false,
    enableEcsManagedTags: input.enableECSManagedTags ?? false,
    propagateTags: input.propagateTags ?? "NONE",
    availabilityZoneRebalancing: input.availabilityZoneRebalancing ?? "ENABLED",
    deployments: [],
    serviceDeployments: [],
    events: [],
    createdAt: context.now,
    tags: input.tags ?? [],
  };
  startDeployment(context, service, definition.taskDefinitionArn);
  context.world.aws.services.set(service.arn, service);
  schedule(context, service);
  return { service: describeService(context, service, ["TAGS"]) };
}

function constraintsOf({
  placementConstraints = [],
}: Pick<Ecs.CreateServiceRequest, "placementConstraints">) {
  return placementConstraints.map(({ type = "memberOf", expression }) =>
    expression === undefined ? { type } : { type, expression },
  );
}

function strategyOf({ placementStrategy = [] }: Pick<Ecs.CreateServiceRequest, "placementStrategy">) {
  return placementStrategy.map(({ type = "spread", field }) =>
    field === undefined ? { type } : { type, field },
  );
}

/** @throws ApiError ServiceNotFoundException when the cluster has no such service */
export function requireService(
  context: Context,
  cluster: string | undefined,
  name: string | undefined,
): EcsService {
  const service = findIn(context.world.aws.services, requireCluster(context, cluster).name, name ?? "");
  if (service === undefined) {
    throw new ApiError("ServiceNotFoundException", "Service not found.");
  }
  return service;
}

/** A new task definition or `forceNewDeployment` starts a deployment; all else takes effect on the current one. */
function updateService(context: Context, input: Ecs.UpdateServiceRequest): Ecs.UpdateServiceResponse {
  const service = requireService(context, input.cluster, input.service);
  if (service.status !== "ACTIVE") {
    throw new ApiError("ServiceNotActiveException", "Service was not ACTIVE.");
  }
  const target =
    input.taskDefinition && requireActiveTaskDefinition(context, input.taskDefinition).definition;
  if (input.desiredCount !== undefined && service.schedulingStrategy === "DAEMON") {
    throw invalidParameter("The daemon scheduling strategy does not support a desired count.");
  }
  checkRollout(input, service.schedulingStrategy);
  service.desiredCount = input.desiredCount ?? service.desiredCount;
  Object.assign(service, rolloutOf(input.deploymentConfiguration, service));
  service.placementConstraints = input.placementConstraints
    ? constraintsOf(input)
    : service.placementConstraints;
  service.placementStrategy = input.placementStrategy ? strategyOf(input) : service.placementStrategy;
  service.enableExecuteCommand = input.enableExecuteCommand ?? service.enableExecuteCommand;
  service.enableEcsManagedTags = input.enableECSManagedTags ?? service.enableEcsManagedTags;
  service.propagateTags = input.propagateTags ?? service.propagateTags;
  service.availabilityZoneRebalancing =
    input.availabilityZoneRebalancing ?? service.availabilityZoneRebalancing;
  const revision = target ? target.taskDefinitionArn : service.taskDefinitionArn;
  if (revision !== service.taskDefinitionArn || input.forceNewDeployment === true) {
    if (!target) {
      requireActiveTaskDefinition(context, revision);
    }
    startDeployment(context, service, revision);
  }
  return { service: describeService(context, service, ["TAGS"]) };
}

/** DRAINING until its last task has stopped, then INACTIVE. */
function deleteService(context: Context, input: Ecs.DeleteServiceRequest): Ecs.DeleteServiceResponse {
  const service = requireService(context, input.cluster, input.service);
  if (service.status === "INACTIVE") {
    throw new ApiError("ServiceNotActiveException", "Service was not ACTIVE.");
  }
  if (service.schedulingStrategy === "REPLICA" && service.desiredCount > 0 && input.force !== true) {
    throw invalidParameter("The service cannot be stopped while it is scaled above 0.");
  }
  service.status = "DRAINING";
  service.desiredCount = 0;
  for (const task of tasksOf(context, service)) {
    requestStop(context, task, { reason: "Service was deleted", code: "ServiceSchedulerInitiated" });
  }
  return { service: describeService(context, service, ["TAGS"]) };
}

function describeServices(
  context: Context,
  input: Ecs.DescribeServicesRequest,
): Ecs.DescribeServicesResponse {
  const cluster = requireCluster(context, input.cluster);
  const names = input.services ?? [];
  if (names.length === 0 || names.length > 10) {
    throw invalidParameter(`Services must have between 1 and 10 entries (got ${names.length}).`);
  }
  const { found, failures } = lookUp(
    names,
    (name) => findIn(context.world.aws.services, cluster.name, name),
    (name) => ecsArn(context, `service/${cluster.name}/${name}`),
  );
  return {
    services: found.map((service) => describeService(context, service, input.include ?? [])),
    failures,
  };
}

function listServices(context: Context, input: Ecs.ListServicesRequest): Ecs.ListServicesResponse {
  const cluster = requireCluster(context, input.cluster);
  if (input.launchType !== undefined && input.launchType !== "EXTERNAL") {
    throw notModelled("launch types other than EXTERNAL");
  }
  const wanted = [...context.world.aws.services.values()]
    .filter(({ clusterName, status }) => clusterName === cluster.name && status !== "INACTIVE")
    .filter((service) => !input.schedulingStrategy || service.schedulingStrategy === input.schedulingStrategy)
    .map(({ arn }) => arn);
  const page = ecsPage(context, wanted, { ...input, maxResults: input.maxResults ?? 10 });
  return { serviceArns: page.items, nextToken: page.nextToken };
}

const changeable = `
  cluster desiredCount taskDefinition placementConstraints placementStrategy propagateTags deploymentController
  enableExecuteCommand enableECSManagedTags availabilityZoneRebalancing
  deploymentConfiguration.deploymentCircuitBreaker.enable deploymentConfiguration.deploymentCircuitBreaker.rollback
  deploymentConfiguration.maximumPercent deploymentConfiguration.minimumHealthyPercent
  deploymentConfiguration.strategy deploymentConfiguration.bakeTimeInMinutes`;

export const serviceOperations: Operations = {
  CreateService: operation(
    `${changeable} serviceName launchType schedulingStrategy clientToken tags`,
    createService,
  ),
  UpdateService: operation(`${changeable} service forceNewDeployment`, updateService),
  DeleteService: operation("cluster service force", deleteService),
  DescribeServices: operation("cluster services include", describeServices),
  ListServices: operation("cluster nextToken maxResults launchType schedulingStrategy", listServices),
};
