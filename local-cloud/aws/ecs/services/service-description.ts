import type {
  Deployment as DeploymentDescription,
  DeploymentConfiguration,
  Service,
} from "@aws-sdk/client-ecs";

import type { Context } from "../../context";
import { tasksOf } from "./deployments";
import type { Deployment, EcsService, Task } from "../../state";

/** Running and pending tasks; those told to stop count until they have. */
function counts(tasks: readonly Task[]): { runningCount: number; pendingCount: number } {
  return {
    runningCount: tasks.filter(({ lastStatus }) => lastStatus === "RUNNING").length,
    pendingCount: tasks.filter(({ lastStatus }) => lastStatus === "PENDING").length,
  };
}

/** The service as `DescribeServices` shows it. */
export function describeService(context: Context, service: EcsService, include: readonly string[]): Service {
  const tasks = tasksOf(context, service);
  return {
    serviceArn: service.arn,
    serviceName: service.name,
    clusterArn: context.world.aws.clusters.get(service.clusterName)?.arn,
    loadBalancers: [],
    serviceRegistries: [],
    status: service.status,
    desiredCount: service.desiredCount,
    ...counts(tasks),
    launchType: "EXTERNAL",
    taskDefinition: service.taskDefinitionArn,
    deploymentConfiguration: describeRollout(service),
    deployments: service.deployments.map((deployment) => describeDeployment(deployment, tasks)),
    events: service.events.map(({ id, createdAt, message }) => ({
      id,
      createdAt: new Date(createdAt),
      message,
    })),
    createdAt: new Date(service.createdAt),
    placementConstraints: service.placementConstraints as Service["placementConstraints"],
    placementStrategy: service.placementStrategy as Service["placementStrategy"],
    schedulingStrategy: service.schedulingStrategy,
    ...(include.includes("TAGS") ? { tags: service.tags } : {}),
    createdBy: `arn:aws:iam::${context.world.account}:root`,
    enableECSManagedTags: service.enableEcsManagedTags,
    propagateTags: service.propagateTags as Service["propagateTags"],
    enableExecuteCommand: service.enableExecuteCommand,
    availabilityZoneRebalancing:
      service.availabilityZoneRebalancing as Service["availabilityZoneRebalancing"],
  };
}

/** How a service is rolled out. */
export function describeRollout(service: EcsService): DeploymentConfiguration {
  return {
    deploymentCircuitBreaker: service.circuitBreaker,
    maximumPercent: service.maximumPercent,
    minimumHealthyPercent: service.minimumHealthyPercent,
    strategy: "ROLLING",
    bakeTimeInMinutes: 0,
  };
}

function describeDeployment(deployment: Deployment, tasks: readonly Task[]): DeploymentDescription {
  return {
    id: deployment.id,
    status: deployment.status,
    taskDefinition: deployment.taskDefinitionArn,
    desiredCount: deployment.desiredCount,
    ...counts(tasks.filter(({ startedBy }) => startedBy === deployment.id)),
    failedTasks: deployment.failedTasks,
    createdAt: new Date(deployment.createdAt),
    updatedAt: new Date(deployment.updatedAt),
    launchType: "EXTERNAL",
    rolloutState: deployment.rolloutState,
    rolloutStateReason: deployment.rolloutStateReason,
  };
}
