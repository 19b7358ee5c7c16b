import type { Context } from "./context";
import { ecsArn } from "./protocol/arns";
import { derivedHex, derivedUuid } from "./protocol/identifiers";
import type { ContainerInstance, EcsCluster, ManagedInstance } from "./state";

/** Other users' resources in the same account and region. */
export interface Foreign {
  readonly cluster: EcsCluster;
  readonly managedInstances: readonly ManagedInstance[];
  readonly containerInstances: readonly ContainerInstance[];
}

/**
 * Adds resources that no deployment may ever touch: three machines of somebody else, two of which are in their own
 * cluster. One machine's name begins as the deployment's do, and one carries the tags of another deployment.
 * @param namePrefix beginning of the deployment's names
 * @param tags tags of another deployment, such as its name and site
 */
export function seedForeign(
  context: Context,
  { namePrefix, tags }: { readonly namePrefix: string; readonly tags: Readonly<Record<string, string>> },
): Foreign {
  const { world, now } = context;
  const cluster: EcsCluster = {
    name: "foreign",
    arn: ecsArn(context, "cluster/foreign"),
    status: "ACTIVE",
    settings: [{ name: "containerInsights", value: "disabled" }],
    configuration: undefined,
    tags: [],
  };
  const names = ["foreign", `${namePrefix}-foreign`, "tagged"];
  const managedInstances = names.map((name, index): ManagedInstance => ({
    id: `mi-${derivedHex(17, "foreign", name)}`,
    activationId: derivedUuid("activation", name),
    iamRole: "foreign",
    name,
    computerName: name,
    ipAddress: `192.0.2.${index + 1}`,
    platform: { name: "Ubuntu", version: "24.04" },
    agentVersion: "3.3.0.0",
    registeredAt: now,
    lastPingAt: now,
    tags: name === "tagged" ? Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) : [],
    tagsToCome: undefined,
  }));
  const containerInstances = managedInstances.slice(1).map(({ id, name }): ContainerInstance => ({
    arn: ecsArn(context, `container-instance/${cluster.name}/${derivedHex(32, "instance", name)}`),
    clusterName: cluster.name,
    managedInstanceId: id,
    status: "ACTIVE",
    lastPollAt: now,
    registeredAt: now,
    attributes: Object.entries(name === "tagged" ? tags : {}).map(([key, value]) => ({ name: key, value })),
    resources: { cpuUnits: 1024, memoryMiB: 1024 },
    agentVersion: "1.90.0",
    dockerVersion: "20.10.0",
    tags: [],
  }));
  world.aws.clusters.set(cluster.name, cluster);
  managedInstances.forEach((instance) => world.aws.managedInstances.set(instance.id, instance));
  containerInstances.forEach((instance) => world.aws.containerInstances.set(instance.arn, instance));
  return { cluster, managedInstances, containerInstances };
}
