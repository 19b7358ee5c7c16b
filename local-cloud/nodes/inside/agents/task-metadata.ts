import type { Container } from "../containers/container";
import { containerId } from "../containers/container";

/** What the agent knows of its machine and tells its containers. */
export interface Place {
  readonly cluster: string;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

/**
 * The task metadata endpoint, version 4: `/v4/ID/task` and `/v4/ID/taskWithTags`.
 * Source: Amazon ECS Developer Guide, "Task metadata endpoint version 4".
 */
export function taskMetadata(
  path: string,
  containers: readonly Container[],
  place: Place,
): object | undefined {
  const [, id, kind] = /^\/v4\/([^/]+)\/(task|taskWithTags)$/.exec(path) ?? [];
  const container = containers.find(({ assignment }) => containerId(assignment.taskArn) === id);
  if (container === undefined) {
    return undefined;
  }
  const { assignment } = container;
  const { status } = container.report();
  return {
    Cluster: place.cluster,
    TaskARN: assignment.taskArn,
    Family: assignment.family,
    Revision: String(assignment.revision),
    DesiredStatus: assignment.desiredStatus,
    KnownStatus: status,
    LaunchType: "EXTERNAL",
    Containers: [
      {
        DockerId: id,
        Name: assignment.container.name,
        Image: assignment.container.image,
        KnownStatus: status,
      },
    ],
    ...(kind === "taskWithTags"
      ? { ContainerInstanceTags: Object.fromEntries(place.tags.map(({ key, value }) => [key, value])) }
      : {}),
  };
}
