import type * as Ecs from "@aws-sdk/client-ecs";

import type { Context } from "../context";
import { ApiError, invalidParameter } from "../protocol/api-error";
import { ecsArn, lastPart } from "../protocol/arns";
import { lookUp } from "../protocol/look-up";
import { operation, type Operations } from "../protocol/operation";
import { ecsPage } from "../protocol/paging";
import type { EcsCluster } from "../state";

/**
 * The cluster that a request names by name or ARN, `default` when it names none.
 * @throws ApiError ClusterNotFoundException when there is none or it has been deleted
 */
export function requireCluster(context: Context, nameOrArn: string | undefined): EcsCluster {
  const cluster = findCluster(context, nameOrArn ?? "default");
  if (cluster?.status !== "ACTIVE") {
    throw new ApiError("ClusterNotFoundException", "Cluster not found.");
  }
  return cluster;
}

function findCluster({ world }: Context, nameOrArn: string): EcsCluster | undefined {
  const cluster = world.aws.clusters.get(lastPart(nameOrArn));
  return nameOrArn.startsWith("arn:") && cluster?.arn !== nameOrArn ? undefined : cluster;
}

const insights = "containerInsights";

/** Settings that a request leaves out keep their value. */
function withSettings(
  current: EcsCluster["settings"],
  changed: readonly Ecs.ClusterSetting[],
): EcsCluster["settings"] {
  const value = changed.find(({ name }) => name === insights)?.value;
  if (value === undefined) {
    return current;
  }
  if (!["enabled", "disabled", "enhanced"].includes(value)) {
    throw invalidParameter(`Invalid value ${value} for setting containerInsights.`);
  }
  return [{ name: insights, value }];
}

/** Creating a cluster that exists returns it. */
function createCluster(context: Context, input: Ecs.CreateClusterRequest): Ecs.CreateClusterResponse {
  const name = input.clusterName ?? "default";
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(name)) {
    throw invalidParameter("Invalid identifier: Cluster name must be letters, digits, _ and -.");
  }
  const known = context.world.aws.clusters.get(name);
  if (known?.status === "ACTIVE") {
    return { cluster: describe(context, known, ["TAGS", "SETTINGS", "CONFIGURATIONS"]) };
  }
  const cluster: EcsCluster = {
    name,
    arn: ecsArn(context, `cluster/${name}`),
    status: "ACTIVE",
    settings: withSettings([{ name: insights, value: "disabled" }], input.settings ?? []),
    configuration: input.configuration,
    tags: input.tags ?? [],
  };
  context.world.aws.clusters.set(name, cluster);
  return { cluster: describe(context, cluster, ["TAGS", "SETTINGS", "CONFIGURATIONS"]) };
}

/** Counts and lists of a cluster's contents. */
function contents({ world }: Context, name: string) {
  const inCluster = <Item extends { readonly clusterName: string }>(items: Iterable<Item>): Item[] =>
    [...items].filter(({ clusterName }) => clusterName === name);
  return {
    instances: inCluster(world.aws.containerInstances.values()).filter(({ status }) => status !== "INACTIVE"),
    services: inCluster(world.aws.services.values()),
    tasks: inCluster(world.aws.tasks.values()).filter(({ lastStatus }) => lastStatus !== "STOPPED"),
  };
}

function describe(context: Context, cluster: EcsCluster, include: readonly string[]): Ecs.Cluster {
  const { instances, services, tasks } = contents(context, cluster.name);
  return {
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: cluster.status,
    registeredContainerInstancesCount: instances.length,
    runningTasksCount: tasks.filter(({ lastStatus }) => lastStatus === "RUNNING").length,
    pendingTasksCount: tasks.filter(({ lastStatus }) => lastStatus === "PENDING").length,
    activeServicesCount: services.filter(({ status }) => status === "ACTIVE").length,
    statistics: [],
    tags: include.includes("TAGS") ? cluster.tags : [],
    settings: include.includes("SETTINGS") ? (cluster.settings as Ecs.ClusterSetting[]) : [],
    ...(include.includes("CONFIGURATIONS") && cluster.configuration
      ? { configuration: cluster.configuration }
      : {}),
    capacityProviders: [],
    defaultCapacityProviderStrategy: [],
  };
}

function describeClusters(
  context: Context,
  input: Ecs.DescribeClustersRequest,
): Ecs.DescribeClustersResponse {
  const { found, failures } = lookUp(
    input.clusters ?? ["default"],
    (name) => findCluster(context, name),
    (name) => ecsArn(context, `cluster/${name}`),
  );
  return {
    clusters: found.map((cluster) => describe(context, cluster, input.include ?? [])),
    failures,
  };
}

function listClusters(context: Context, input: Ecs.ListClustersRequest): Ecs.ListClustersResponse {
  const active = [...context.world.aws.clusters.values()]
    .filter(({ status }) => status === "ACTIVE")
    .map(({ arn }) => arn);
  const page = ecsPage(context, active, input);
  return { clusterArns: page.items, nextToken: page.nextToken };
}

function updateCluster(context: Context, input: Ecs.UpdateClusterRequest): Ecs.UpdateClusterResponse {
  const cluster = requireCluster(context, input.cluster);
  cluster.settings = withSettings(cluster.settings, input.settings ?? []);
  cluster.configuration = input.configuration ?? cluster.configuration;
  return { cluster: describe(context, cluster, ["TAGS", "SETTINGS", "CONFIGURATIONS"]) };
}

/** A cluster with registered instances, services or tasks stays. Source: Amazon ECS API Reference, DeleteCluster. */
function deleteCluster(context: Context, input: Ecs.DeleteClusterRequest): Ecs.DeleteClusterResponse {
  const cluster = requireCluster(context, input.cluster);
  const { instances, services, tasks } = contents(context, cluster.name);
  const refuse = (kind: string, what: string): never => {
    throw new ApiError(`ClusterContains${kind}Exception`, `The Cluster cannot be deleted while ${what}.`);
  };
  if (instances.length > 0) {
    refuse("ContainerInstances", "Container Instances are active or draining");
  }
  if (services.some(({ status }) => status !== "INACTIVE")) {
    refuse("Services", "Services are active");
  }
  if (tasks.length > 0) {
    refuse("Tasks", "Tasks are active");
  }
  cluster.status = "INACTIVE";
  return { cluster: describe(context, cluster, []) };
}

export const clusterOperations: Operations = {
  CreateCluster: operation("clusterName tags settings configuration", createCluster),
  DescribeClusters: operation("clusters include", describeClusters),
  ListClusters: operation("nextToken maxResults", listClusters),
  UpdateCluster: operation("cluster settings configuration", updateCluster),
  UpdateClusterSettings: operation("cluster settings", updateCluster),
  DeleteCluster: operation("cluster", deleteCluster),
};
