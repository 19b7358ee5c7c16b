import { healthTimes } from "./health";
import type { Application } from "./schema";

/** How a site's service moves from one revision to the next. */
export interface Rollout {
  /** Percent of the tasks that ECS keeps healthy meanwhile, or during a drain. */
  readonly minimumHealthyPercent: number;
  /** Seconds after which a deploy gives the roll-out up. */
  readonly timeout: number;
  /** Seconds that a service's deletion may take. */
  readonly deleteTimeout: number;
}

/** Nodes that are replaced one after the other; of more than these a tenth goes at a time. */
const oneAfterTheOther = 10;

// Seconds, each longer than usual.
/** The scheduler notices a change, and its order reaches a node. */
const scheduling = 30;
/** A node pulls an image of some hundred megabytes and starts the container. */
const start = 60;
/** What a slower scheduler, network or computer may add to all of this. */
const margin = 1.5;
const base = 300;

/** How many tasks are replaced at the same time. A node's port is fixed: a new task fits only where an old one has gone. */
export function atOnce(tasks: number): number {
  return tasks <= oneAfterTheOther ? 1 : Math.ceil(tasks / 10);
}

/**
 * Rounded down, since ECS rounds the resulting count up, and a roll-out that may stop no task never ends.
 * Source: Amazon ECS API Reference, DeploymentConfiguration.
 */
export function minimumHealthyPercent(tasks: number): number {
  return tasks === 0 ? 0 : Math.floor((100 * (tasks - atOnce(tasks))) / tasks);
}

/** Tasks of a new revision that have to fail before ECS gives it up. Source: Amazon ECS Developer Guide, circuit breaker. */
function failuresUntilBroken(tasks: number): number {
  return Math.min(200, Math.max(3, Math.ceil(tasks / 2)));
}

/** Derives a roll-out's numbers from how many tasks there are, and how long each takes to stop and to start. */
export function rolloutOf(tasks: number, health: Application["health"]): Rollout {
  const { stopTimeout, readyAfter, container } = healthTimes(health);
  const checks = container.interval * container.retries;
  const replaced = scheduling + stopTimeout + start + readyAfter + container.interval;
  // A task that never turns healthy is given up after its start period, and stopped in turn.
  const failed = scheduling + start + container.startPeriod + checks + stopTimeout;
  const rounds = (count: number) => Math.ceil(count / atOnce(tasks));
  const longest = Math.max(rounds(tasks) * replaced, rounds(failuresUntilBroken(tasks)) * failed);
  return {
    minimumHealthyPercent: minimumHealthyPercent(tasks),
    timeout: minutes(base + margin * longest),
    deleteTimeout: minutes(base + margin * (scheduling + stopTimeout)),
  };
}

/** Rounded up to whole minutes, in seconds. */
function minutes(seconds: number): number {
  return Math.ceil(seconds / 60) * 60;
}
