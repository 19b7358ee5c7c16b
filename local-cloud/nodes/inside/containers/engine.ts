import type { Assignment } from "../../../machines";
import { type Container, containerId, startContainer } from "./container";
import type { Settings } from "../settings";

/** What Docker is to a real agent: the containers belong to it and outlive the agent. */
export interface Engine {
  /** Port of 127.0.0.1 where containers are told to find the agent's task metadata. */
  readonly metadataPort: number;
  /** Starts a task's container once; later calls for the same task change nothing. */
  run(assignment: Assignment): void;
  stop(taskArn: string): void;
  containers(): readonly Container[];
  /** Forgets the stopped containers of all tasks but these. */
  prune(taskArns: ReadonlySet<string>): void;
  /** Ends every container at once. */
  kill(): void;
  /** Container ids. */
  ids(): readonly string[];
  /** Ends a container and forgets it. */
  remove(id: string): void;
}

export function createEngine(settings: Settings, metadataPort: number): Engine {
  const containers = new Map<string, Container>();

  const holder = (hostPort: number | undefined): Container | undefined =>
    hostPort === undefined
      ? undefined
      : [...containers.values()].find(
          (other) => other.assignment.container.hostPort === hostPort && other.report().status !== "STOPPED",
        );

  return {
    metadataPort,
    run: (assignment) => {
      const { taskArn, container } = assignment;
      if (containers.has(taskArn)) {
        return;
      }
      containers.set(
        taskArn,
        holder(container.hostPort) === undefined
          ? startContainer(settings, assignment, metadataPort)
          : refused(
              assignment,
              `Bind for 0.0.0.0:${String(container.hostPort)} failed: port is already allocated`,
            ),
      );
    },
    stop: (taskArn) => {
      containers.get(taskArn)?.stop();
    },
    containers: () => [...containers.values()],
    ids: () => [...containers.keys()].map(containerId),
    remove: (id) => {
      for (const taskArn of [...containers.keys()].filter((each) => containerId(each) === id)) {
        containers.get(taskArn)?.kill();
        containers.delete(taskArn);
      }
    },
    kill: () => {
      containers.forEach((container) => {
        container.kill();
      });
    },
    prune: (taskArns) => {
      for (const [taskArn, container] of containers) {
        if (!taskArns.has(taskArn) && container.report().status === "STOPPED") {
          containers.delete(taskArn);
        }
      }
    },
  };
}

function refused(assignment: Assignment, message: string): Container {
  return {
    assignment,
    report: () => ({
      taskArn: assignment.taskArn,
      status: "STOPPED",
      health: "UNKNOWN",
      reason: `CannotStartContainerError: Error response from daemon: ${message}`,
    }),
    stop: () => undefined,
    kill: () => undefined,
  };
}
