import type { Container } from "../containers/container";
import type { Task } from "../containers/task";

/** The agent's knowledge of its machine, which it passes on to its containers. */
export interface Place {
  readonly cluster: string;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

/**
 * The task metadata endpoint, version 4: `/v4/ID`, `/v4/ID/task` and `/v4/ID/taskWithTags`.
 * Source: Amazon ECS Developer Guide, "Task metadata endpoint version 4".
 */
export function taskMetadata(path: string, tasks: readonly Task[], place: Place): object | undefined {
  const [, id, kind] = /^\/v4\/([^/]+)(?:\/(task|taskWithTags))?$/.exec(path) ?? [];
  const task = tasks.find(({ containers }) => containers.some((container) => container.id === id));
  if (task === undefined) {
    return undefined;
  }
  const containers = task.containers.map((container) => describe(container, task));
  if (kind === undefined) {
    return containers.find(({ DockerId }) => DockerId === id);
  }
  const { assignment } = task;
  return {
    Cluster: place.cluster,
    TaskARN: assignment.taskArn,
    Family: assignment.family,
    Revision: String(assignment.revision),
    DesiredStatus: assignment.desiredStatus,
    KnownStatus: task.report().status,
    LaunchType: "EXTERNAL",
    Containers: containers,
    ...(kind === "taskWithTags"
      ? { ContainerInstanceTags: Object.fromEntries(place.tags.map(({ key, value }) => [key, value])) }
      : {}),
  };
}

function describe(container: Container, { assignment }: Task) {
  const { status, health, exitCode, networkBindings } = container.report();
  const startedAt = container.startedAt();
  return {
    DockerId: container.id,
    Name: container.order.name,
    Image: container.order.image,
    DesiredStatus: assignment.desiredStatus,
    KnownStatus: status,
    Type: "NORMAL",
    Ports: networkBindings.map(({ containerPort, hostPort }) => ({
      ContainerPort: containerPort,
      HostPort: hostPort,
      HostIp: "0.0.0.0",
      Protocol: "tcp",
    })),
    Networks: [
      {
        NetworkMode: assignment.networkMode,
        IPv4Addresses: assignment.networkMode === "bridge" ? [container.address] : [],
      },
    ],
    ...(startedAt === undefined ? {} : { StartedAt: new Date(startedAt).toISOString() }),
    ...(exitCode === undefined ? {} : { ExitCode: exitCode }),
    ...(container.order.healthCheck === undefined ? {} : { Health: { status: health } }),
  };
}
