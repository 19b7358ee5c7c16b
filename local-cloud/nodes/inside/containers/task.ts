import type { Assignment, ContainerStatus, TaskReport } from "../../../machines";
import { cannotStart } from "./launch";
import type { Container } from "./container";
import { mayStop, obstacleTo } from "./ordering";

/** Between two checks of start timeouts. */
const retryMilliseconds = 500;

/** A task's containers, started and stopped in order. */
export interface Task {
  readonly assignment: Assignment;
  readonly containers: readonly Container[];
  report(): TaskReport;
  stop(): void;
  /** Ends every container at once. */
  kill(): void;
}

/**
 * Starts containers as soon as those that they depend on allow it; once the task must stop, or an essential one has
 * ended, stops each when those that depend on it have ended. Source: amazon-ecs-agent, agent/engine/task_manager.go.
 * @param create makes the containers, which call back on changes
 */
export function startTask(
  assignment: Assignment,
  create: (changed: () => void) => readonly Container[],
): Task {
  let stopping = false;
  let planned = false;
  let retry: NodeJS.Timeout | undefined;
  const started = new Set<Container>();

  const step = (): void => {
    stopping ||= containers.some((each) => each.order.essential && each.report().status === "STOPPED");
    for (const container of containers) {
      if (stopping) {
        end(container);
      } else if (!started.has(container)) {
        advance(container);
      }
    }
  };
  const advance = (container: Container): void => {
    const obstacle = obstacleTo(container, containers, Date.now());
    if (obstacle === "waits") {
      clearTimeout(retry);
      retry = setTimeout(progress, retryMilliseconds).unref();
      return;
    }
    started.add(container);
    if (obstacle !== undefined) {
      container.abandon(cannotStart(obstacle.never).message);
      return;
    }
    container.start(hostsOf(container, containers));
  };
  const end = (container: Container): void => {
    if (container.report().status === "STOPPED" || !mayStop(container, containers)) {
      return;
    }
    if (started.has(container)) {
      container.stop();
    } else {
      container.abandon();
    }
  };
  // The next step sees the changes that this one makes, never this one itself.
  const progress = (): void => {
    if (!planned) {
      planned = true;
      setImmediate(() => {
        planned = false;
        step();
      });
    }
  };
  const containers = create(progress);
  progress();

  return {
    assignment,
    containers,
    report: () => {
      const reports = containers.map((container) => container.report());
      return {
        taskArn: assignment.taskArn,
        status: statusOf(reports.map(({ status }) => status)),
        containers: reports,
      };
    },
    stop: () => {
      stopping = true;
      progress();
    },
    kill: () => containers.forEach((container) => container.kill()),
  };
}

/** The status that all of a task's containers have reached. */
function statusOf(statuses: readonly ContainerStatus[]): ContainerStatus {
  return (["PENDING", "RUNNING"] as const).find((status) => statuses.includes(status)) ?? "STOPPED";
}

/** Lines of /etc/hosts for the containers that a container is linked to. */
function hostsOf({ order }: Container, task: readonly Container[]): string {
  return order.links
    .map((link) => {
      const [name = "", alias = name] = link.split(":");
      const other = task.find((each) => each.order.name === name);
      return `${other?.address ?? ""}\t${[...new Set([alias, other?.id ?? "", name])].join(" ")}\n`;
    })
    .join("");
}
