import type * as Ssm from "@aws-sdk/client-ssm";

import { type Context, isConnected } from "../context";
import { ApiError, invalidInput } from "../protocol/api-error";
import { operation, type Operations } from "../protocol/operation";
import { ssmPage } from "../protocol/paging";
import type { ManagedInstance } from "../state";

type Filter = { readonly key: string; readonly values: readonly string[] };

/**
 * Filters by `Filters` or by the older `InstanceInformationFilterList`; a tag filter stands alone.
 * Source: AWS Systems Manager API Reference, DescribeInstanceInformation and InstanceInformationStringFilter.
 */
function describeInstanceInformation(
  context: Context,
  input: Ssm.DescribeInstanceInformationRequest,
): Ssm.DescribeInstanceInformationResult {
  const filters = filtersOf(input);
  const wanted = [...context.world.aws.managedInstances.values()]
    .map((instance) => ({
      instance: tagged(context, instance),
      description: describe(instance, isConnected(context, instance.lastPingAt)),
    }))
    .filter(({ instance, description }) =>
      filters.every((filter) => matches(context, filter, instance, description)),
    )
    .map(({ description }) => description);
  const page = ssmPage(context, wanted, input);
  return { InstanceInformationList: page.items, NextToken: page.nextToken };
}

function filtersOf(input: Ssm.DescribeInstanceInformationRequest): Filter[] {
  const older = (input.InstanceInformationFilterList ?? []).map(({ key, valueSet }) => ({
    key: key ?? "",
    values: valueSet ?? [],
  }));
  const newer = (input.Filters ?? []).map(({ Key, Values }) => ({ key: Key ?? "", values: Values ?? [] }));
  if (older.length > 0 && newer.length > 0) {
    throw invalidInput("Filters and InstanceInformationFilterList cannot be used together.");
  }
  const filters = [...older, ...newer];
  if (filters.length > 1 && filters.some(({ key }) => key.startsWith("tag"))) {
    throw invalidInput("A tag filter cannot be combined with other filters.");
  }
  return filters;
}

/**
 * The instance, with its activation's tags once it has them. AWS copies them late at times, and at times never:
 * github.com/boto/boto3/issues/2334.
 */
function tagged({ now }: Context, instance: ManagedInstance): ManagedInstance {
  const { tagsToCome } = instance;
  if (tagsToCome !== undefined && tagsToCome.at <= now) {
    instance.tags = [...tagsToCome.tags, ...instance.tags];
    instance.tagsToCome = undefined;
  }
  return instance;
}

function matches(
  { world }: Context,
  { key, values }: Filter,
  instance: ManagedInstance,
  description: Ssm.InstanceInformation,
): boolean {
  if (key.startsWith("tag:")) {
    return instance.tags.some(({ Key, Value }) => Key === key.slice(4) && values.includes(Value ?? ""));
  }
  switch (key) {
    case "tag-key":
      return instance.tags.some(({ Key }) => values.includes(Key ?? ""));
    case "InstanceIds":
      return values.includes(instance.id);
    case "ActivationIds":
      // Whether AWS finds the machines of a deleted activation by its id is not documented: here it does not.
      return (
        values.includes(instance.activationId) && !world.aws.activations.get(instance.activationId)?.deleted
      );
    case "IamRole":
      return values.includes(instance.iamRole);
    case "AgentVersion":
      return values.includes(instance.agentVersion);
    case "PingStatus":
      return values.includes(description.PingStatus ?? "");
    case "PlatformTypes":
      return values.includes("Linux");
    case "ResourceType":
      return values.includes("ManagedInstance");
    default:
      throw new ApiError("InvalidFilterKey", `The filter key ${key} is not valid.`);
  }
}

function describe(instance: ManagedInstance, online: boolean): Ssm.InstanceInformation {
  return {
    InstanceId: instance.id,
    PingStatus: online ? "Online" : "ConnectionLost",
    LastPingDateTime: new Date(instance.lastPingAt),
    AgentVersion: instance.agentVersion,
    PlatformType: "Linux",
    PlatformName: instance.platform.name,
    PlatformVersion: instance.platform.version,
    ActivationId: instance.activationId,
    IamRole: instance.iamRole,
    RegistrationDate: new Date(instance.registeredAt),
    ResourceType: "ManagedInstance",
    Name: instance.name,
    IPAddress: instance.ipAddress,
    ComputerName: instance.computerName,
  };
}

/** From here on its agent's calls fail, including the ECS agent's: it has no credentials any more. */
function deregisterManagedInstance(
  { world }: Context,
  { InstanceId = "" }: Ssm.DeregisterManagedInstanceRequest,
): object {
  if (!world.aws.managedInstances.delete(InstanceId)) {
    throw new ApiError("InvalidInstanceId", `Instance ${InstanceId} is not a registered managed instance.`);
  }
  return {};
}

function taggedInstance(
  context: Context,
  resourceType: string | undefined,
  id: string | undefined,
): ManagedInstance {
  if (resourceType !== "ManagedInstance") {
    throw new ApiError(
      "InvalidResourceType",
      `The local cloud has no tags of ${String(resourceType)} resources.`,
    );
  }
  const instance = context.world.aws.managedInstances.get(id ?? "");
  if (instance === undefined) {
    throw new ApiError("InvalidResourceId", `Instance ${String(id)} is not a registered managed instance.`);
  }
  return tagged(context, instance);
}

function addTags(
  context: Context,
  { ResourceType, ResourceId, Tags = [] }: Ssm.AddTagsToResourceRequest,
): object {
  const instance = taggedInstance(context, ResourceType, ResourceId);
  const kept = instance.tags.filter(({ Key }) => !Tags.some((tag) => tag.Key === Key));
  instance.tags = [...kept, ...Tags];
  return {};
}

function removeTags(
  context: Context,
  { ResourceType, ResourceId, TagKeys = [] }: Ssm.RemoveTagsFromResourceRequest,
): object {
  const instance = taggedInstance(context, ResourceType, ResourceId);
  instance.tags = instance.tags.filter(({ Key }) => !TagKeys.includes(Key ?? ""));
  return {};
}

function listTags(
  context: Context,
  { ResourceType, ResourceId }: Ssm.ListTagsForResourceRequest,
): Ssm.ListTagsForResourceResult {
  return { TagList: taggedInstance(context, ResourceType, ResourceId).tags };
}

export const managedInstanceOperations: Operations = {
  DescribeInstanceInformation: operation(
    "InstanceInformationFilterList Filters MaxResults NextToken",
    describeInstanceInformation,
  ),
  DeregisterManagedInstance: operation("InstanceId", deregisterManagedInstance),
  AddTagsToResource: operation("ResourceType ResourceId Tags", addTags),
  RemoveTagsFromResource: operation("ResourceType ResourceId TagKeys", removeTags),
  ListTagsForResource: operation("ResourceType ResourceId", listTags),
};
