import type * as Ecs from "@aws-sdk/client-ecs";

import type { Context } from "../context";
import { ApiError, clientError, invalidParameter } from "../protocol/api-error";
import { ecsArn } from "../protocol/arns";
import { requireCluster } from "./clusters";
import { describeInstance } from "./container-instances";
import { randomHex } from "../protocol/identifiers";
import { operation, type Operations } from "../protocol/operation";
import type { ContainerInstance, ManagedInstance } from "../state";
import { checkedTags } from "../protocol/tags";

/** Attributes that ECS and its agent set themselves. */
const ownAttribute = /^(ecs\.|com\.amazonaws\.ecs\.)/;
// Source: Amazon ECS API Reference, Attribute.
const attributeName = /^[A-Za-z0-9\-_./\\]{1,128}$/;
const attributeValue = /^(?! )[A-Za-z0-9\-_.@/\\: ]{1,128}(?<! )$/;

/**
 * An agent's registration: a new instance, or the one of its checkpoint, whose attributes stay as they were. An
 * INACTIVE instance never comes back. The machine must be registered with Systems Manager, since that is where the real
 * agent gets its credentials.
 */
function registerContainerInstance(
  context: Context,
  input: Ecs.RegisterContainerInstanceRequest,
): Ecs.RegisterContainerInstanceResponse {
  const machine = requireManagedInstance(context, input.instanceIdentityDocument);
  const cluster = requireCluster(context, input.cluster);
  if (input.containerInstanceArn !== undefined) {
    const known = context.world.aws.containerInstances.get(input.containerInstanceArn);
    if (known?.managedInstanceId !== machine.id || known.clusterName !== cluster.name) {
      throw invalidParameter("The container instance is not registered with this cluster.");
    }
    if (known.status === "INACTIVE") {
      throw invalidParameter(`The container instance ${known.arn} is INACTIVE.`);
    }
    known.lastPollAt = context.now;
    return { containerInstance: describeInstance(context, known) };
  }
  const instance: ContainerInstance = {
    arn: ecsArn(context, `container-instance/${cluster.name}/${randomHex(32)}`),
    clusterName: cluster.name,
    managedInstanceId: machine.id,
    status: "ACTIVE",
    lastPollAt: context.now,
    registeredAt: context.now,
    attributes: attributesOf(input),
    resources: {
      cpuUnits: amount(input.totalResources, "CPU"),
      memoryMiB: amount(input.totalResources, "MEMORY"),
    },
    agentVersion: input.versionInfo?.agentVersion ?? "",
    dockerVersion: input.versionInfo?.dockerVersion ?? "",
    tags: checkedTags(input.tags ?? []),
  };
  context.world.aws.containerInstances.set(instance.arn, instance);
  return { containerInstance: describeInstance(context, instance, ["TAGS"]) };
}

function requireManagedInstance({ world }: Context, document: string | undefined): ManagedInstance {
  let id: unknown;
  try {
    const identity: unknown = JSON.parse(document ?? "");
    id =
      typeof identity === "object" && identity !== null && "instanceId" in identity
        ? identity.instanceId
        : undefined;
  } catch {
    id = undefined;
  }
  if (typeof id !== "string") {
    throw clientError('instanceIdentityDocument must be {"instanceId":"mi-…"}.');
  }
  const machine = world.aws.managedInstances.get(id);
  if (machine === undefined) {
    throw new ApiError(
      "AccessDeniedException",
      `${id} is not a registered managed instance, so it has no credentials.`,
    );
  }
  return machine;
}

/** At most 10 attributes of the user. Source: Amazon ECS API Reference, Attribute, and service quotas. */
function attributesOf({
  attributes = [],
}: Ecs.RegisterContainerInstanceRequest): ContainerInstance["attributes"] {
  const own = attributes.filter(({ name = "" }) => !ownAttribute.test(name));
  if (own.length > 10) {
    throw invalidParameter(`An instance can have at most 10 attributes (got ${own.length}).`);
  }
  const bad = own.find(
    ({ name = "", value }) =>
      !attributeName.test(name) || (value !== undefined && !attributeValue.test(value)),
  );
  if (bad !== undefined) {
    throw invalidParameter(`Invalid attribute ${String(bad.name)}=${bad.value ?? ""}.`);
  }
  const added = [{ name: "ecs.capability.external" }, { name: "ecs.os-type", value: "linux" }].filter(
    ({ name }) => !attributes.some((attribute) => attribute.name === name),
  );
  return [
    ...attributes.map(({ name = "", value }) => (value === undefined ? { name } : { name, value })),
    ...added,
  ];
}

function amount(resources: readonly Ecs.Resource[] | undefined, name: string): number {
  const value = resources?.find((resource) => resource.name === name)?.integerValue;
  if (value === undefined) {
    throw invalidParameter(`totalResources must hold ${name} as an INTEGER.`);
  }
  return value;
}

function discoverPollEndpoint({ settings: { region } }: Context): Ecs.DiscoverPollEndpointResponse {
  return {
    endpoint: `https://ecs-a-1.${region}.amazonaws.com/`,
    telemetryEndpoint: `https://ecs-t-1.${region}.amazonaws.com/`,
  };
}

export const registrationOperations: Operations = {
  RegisterContainerInstance: operation(
    "cluster instanceIdentityDocument containerInstanceArn attributes totalResources versionInfo tags",
    registerContainerInstance,
    ({ containerInstance }: Ecs.RegisterContainerInstanceResponse) => containerInstance?.containerInstanceArn,
  ),
  DiscoverPollEndpoint: operation("containerInstance cluster", discoverPollEndpoint),
};
