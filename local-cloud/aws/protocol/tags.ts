import type * as Ecs from "@aws-sdk/client-ecs";

import type { Context } from "../context";
import { invalidParameter } from "./api-error";
import { operation, type Operations } from "./operation";

function requireTagged({ world }: Context, arn: string | undefined): { tags: Ecs.Tag[] } {
  const { clusters, containerInstances, services, taskDefinitions, tasks } = world.aws;
  const key = arn ?? "";
  const found =
    [...clusters.values()].find((cluster) => cluster.arn === key && cluster.status === "ACTIVE") ??
    containerInstances.get(key) ??
    services.get(key) ??
    taskDefinitions.get(key) ??
    tasks.get(key);
  if (found === undefined) {
    throw invalidParameter(`The specified resource ${key} is not found.`);
  }
  return found;
}

function tagResource(context: Context, { resourceArn, tags = [] }: Ecs.TagResourceRequest): object {
  const resource = requireTagged(context, resourceArn);
  const kept = resource.tags.filter(({ key }) => !tags.some((tag) => tag.key === key));
  resource.tags = checkedTags([...kept, ...tags]);
  return {};
}

/** The tags, as a resource can have them. Source: Amazon ECS API Reference, Ecs.Tag. @throws ApiError */
export function checkedTags(tags: Ecs.Tag[]): Ecs.Tag[] {
  if (tags.length > 50) {
    throw invalidParameter(`A resource can have at most 50 tags (got ${tags.length}).`);
  }
  const bad = tags.find(
    ({ key = "", value = "" }) =>
      !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key) ||
      !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value) ||
      [key, value].some((text) => /^aws:/i.test(text)),
  );
  if (bad !== undefined) {
    throw invalidParameter(`Invalid tag ${bad.key ?? ""}=${bad.value ?? ""}.`);
  }
  return tags;
}

function untagResource(context: Context, { resourceArn, tagKeys = [] }: Ecs.UntagResourceRequest): object {
  const resource = requireTagged(context, resourceArn);
  resource.tags = resource.tags.filter(({ key }) => !tagKeys.includes(key ?? ""));
  return {};
}

function listTags(
  context: Context,
  { resourceArn }: Ecs.ListTagsForResourceRequest,
): Ecs.ListTagsForResourceResponse {
  return { tags: requireTagged(context, resourceArn).tags };
}

export const tagOperations: Operations = {
  TagResource: operation("resourceArn tags", tagResource),
  UntagResource: operation("resourceArn tagKeys", untagResource),
  ListTagsForResource: operation("resourceArn", listTags),
};
