import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Assignment, PortMapping } from "../../../machines";
import type { Settings } from "../settings";
import { type Container, createContainer } from "./container";
import { bindPorts } from "./ports";
import { containersFolder } from "./root";
import { startTask, type Task } from "./task";

/** The counterpart of Docker for the agent: it owns the containers, which outlive the agent. */
export interface Engine {
  /** Starts a task's containers once; later calls for the same task change nothing. */
  run(assignment: Assignment): void;
  stop(taskArn: string): void;
  tasks(): readonly Task[];
  /** From now on, `told` is called whenever a container has changed. */
  whenChanged(told: () => void): void;
  /** Forgets the stopped containers of all tasks but these. */
  prune(taskArns: ReadonlySet<string>): void;
  /** Ends every container at once. */
  kill(): void;
  /** Ends a container. */
  remove(id: string): void;
}

/** Where containers find the agent's task metadata: an address of their machine, and a port. */
export interface MetadataPlace {
  readonly host: string;
  readonly port: number;
}

const volumesFolder = "/var/lib/docker/volumes";

export function createEngine(settings: Settings, metadata: MetadataPlace): Engine {
  const tasks = new Map<string, Task>();
  let addresses = 1;
  let tell = (): void => undefined;
  // Remains of a machine that lost its power.
  rmSync(join(settings.root, containersFolder), { recursive: true, force: true });

  const nextAddress = (): string => {
    addresses = (addresses % 65_000) + 1;
    return `172.17.${Math.floor(addresses / 256)}.${addresses % 256}`;
  };
  const volumesOf = (taskArn: string): string =>
    join(settings.root, volumesFolder, taskArn.slice(taskArn.lastIndexOf("/") + 1));
  const bound = new Map<Container, readonly PortMapping[]>();
  const portsInUse = (): Set<number> => {
    const used = [...bound].filter(([container]) => container.report().status !== "STOPPED");
    return new Set(used.flatMap(([, bindings]) => bindings.map(({ hostPort }) => hostPort)));
  };
  const create = (assignment: Assignment, changed: () => void): readonly Container[] => {
    const used = portsInUse();
    return assignment.containers.map((order) => {
      const id = idOf(assignment.taskArn, order.name);
      const metadataUri = `http://${metadata.host}:${metadata.port}/v4/${id}`;
      const bindings = bindPorts(order.ports, used);
      const where = { settings, assignment, id, address: nextAddress(), metadataUri, bindings, changed };
      const container = createContainer({ ...where, volumes: volumesOf(assignment.taskArn) }, order);
      if (typeof bindings !== "string") {
        bound.set(container, bindings);
      }
      return container;
    });
  };
  const forget = (task: Task): void => {
    task.containers.forEach((container) => bound.delete(container));
    tasks.delete(task.assignment.taskArn);
    rmSync(volumesOf(task.assignment.taskArn), { recursive: true, force: true });
  };

  return {
    run: (assignment) => {
      if (!tasks.has(assignment.taskArn)) {
        tasks.set(
          assignment.taskArn,
          startTask(assignment, (changed) =>
            create(assignment, () => {
              changed();
              tell();
            }),
          ),
        );
      }
    },
    stop: (taskArn) => {
      tasks.get(taskArn)?.stop();
    },
    tasks: () => [...tasks.values()],
    whenChanged: (told) => {
      tell = told;
    },
    remove: (id) => {
      for (const task of tasks.values()) {
        task.containers.filter((each) => each.id === id).forEach((each) => each.kill());
      }
    },
    kill: () => tasks.forEach((task) => task.kill()),
    prune: (taskArns) => {
      for (const [taskArn, task] of tasks) {
        if (!taskArns.has(taskArn) && task.report().status === "STOPPED") {
          forget(task);
        }
      }
    },
  };
}

/** Id of a task's container; its host name too. */
function idOf(taskArn: string, name: string): string {
  return createHash("sha256").update(`${taskArn} ${name}`).digest("hex").slice(0, 12);
}
