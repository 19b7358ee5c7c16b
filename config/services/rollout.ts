import { taskTimes } from "./health";
import type { Service } from "./service";

/** How a site's service moves from one revision to the next. */
export interface Rollout {
  /** Percentage of the tasks that ECS keeps healthy during a roll-out or a drain. */
  readonly minimumHealthyPercent: number;
  /** Percentage of the tasks that may run during a roll-out. */
  readonly maximumPercent: number;
  /** Seconds after which a deploy gives up on the roll-out. */
  readonly timeout: number;
  /** Seconds that deleting a service may take. */
  readonly deleteTimeout: number;
}

/** The properties of a service that its roll-outs depend on. */
export type RolledOut = Pick<
  Service,
  "http" | "placement" | "startSeconds" | "stopSeconds" | "healthCommand" | "rollout"
>;

/** Up to this many tasks are replaced one at a time; of more, a tenth at a time. */
const oneAfterTheOther = 10;

// In seconds, each longer than usual.
/** The scheduler notices a change, and its instruction reaches a node. */
const scheduling = 30;
/** A node pulls an image of some hundred megabytes and starts the container. */
const start = 60;
/** Allowance for a slower scheduler, network or computer. */
const margin = 1.5;
const base = 300;

/** How many tasks are replaced at the same time by default. */
export function atOnce(tasks: number): number {
  return tasks <= oneAfterTheOther ? 1 : Math.ceil(tasks / 10);
}

/**
 * Rounded down, since ECS rounds the resulting count up, and a roll-out that can't stop any task never ends.
 * Source: Amazon ECS API Reference, DeploymentConfiguration.
 */
function minimumHealthyPercent(tasks: number, together: number, awaited: boolean): number {
  // A node that has not registered yet must not hold up the update of the others, which nobody would notice.
  const certain = awaited || tasks < 3 ? tasks : tasks - 1;
  return certain === 0 ? 0 : Math.floor((100 * Math.max(0, certain - together)) / certain);
}

/**
 * Failed tasks of a new revision after which ECS gives up on it. Source: Amazon ECS Developer Guide, circuit breaker.
 */
function failuresUntilBroken(tasks: number): number {
  return Math.min(200, Math.max(3, Math.ceil(tasks / 2)));
}

/** The properties of a site that roll-outs there depend on. */
export interface Room {
  /** The most tasks of the service that fit at the same time. */
  readonly slots: number;
  /** Whether a deploy waits until all its nodes are registered. */
  readonly awaited: boolean;
}

/**
 * Derives a roll-out's numbers from the number of tasks, how long each takes to stop and to start, and whether new ones
 * fit beside the old ones.
 */
export function rolloutOf(
  tasks: number,
  service: RolledOut,
  { slots, awaited }: Room = { slots: tasks, awaited: true },
): Rollout {
  const { stop, check, health } = taskTimes(service);
  const { interval = 0, retries = 0, startPeriod = 0 } = check ?? {};
  const replaced =
    scheduling + stop + Math.max(start, service.startSeconds) + (health?.readyAfter ?? 0) + interval;
  // A task that never becomes healthy fails after its start period, and then has to stop in turn.
  const failed = scheduling + start + startPeriod + interval * retries + stop;
  // Where tasks may share a node, all new ones may start at once.
  const wanted =
    service.rollout.atOnce ?? (service.http === undefined && slots > tasks ? tasks : atOnce(tasks));
  const beside = service.placement === "every-node" ? 0 : Math.min(wanted, slots - tasks, tasks);
  const together = beside > 0 ? beside : Math.min(wanted, tasks);
  const rounds = (count: number) => (count === 0 ? 0 : Math.ceil(count / together));
  const longest = Math.max(rounds(tasks) * replaced, rounds(failuresUntilBroken(tasks)) * failed);
  const { timeoutMinutes } = service.rollout;
  return {
    minimumHealthyPercent: beside > 0 ? 100 : minimumHealthyPercent(tasks, together, awaited),
    // Rounded up, since ECS rounds the resulting count down.
    maximumPercent: beside > 0 ? 100 + Math.ceil((100 * beside) / tasks) : 100,
    timeout: timeoutMinutes === undefined ? minutes(base + margin * longest) : timeoutMinutes * 60,
    deleteTimeout: minutes(base + margin * (scheduling + stop)),
  };
}

/** Rounded up to whole minutes, in seconds. */
function minutes(seconds: number): number {
  return Math.ceil(seconds / 60) * 60;
}
