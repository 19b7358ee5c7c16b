import type { Health, Service } from "./service";

/**
 * A load balancer's health checks of a node, and the container times that follow from them. In seconds, except counts.
 */
export interface HealthTimes {
  readonly loadBalancer: {
    readonly interval: number;
    readonly timeout: number;
    readonly unhealthyThreshold: number;
    readonly healthyThreshold: number;
  };
  /** How long a stopping task fails its health path while it still serves. */
  readonly lameDuck: number;
  /** How long a task answers before it reports itself healthy: by then it is in service at the load balancer. */
  readonly readyAfter: number;
}

/** How ECS checks a container. Source: Amazon ECS API Reference, HealthCheck. */
export interface ContainerCheck {
  readonly interval: number;
  readonly timeout: number;
  readonly retries: number;
  /** At most 300. A check that passes within this time counts at once. */
  readonly startPeriod: number;
}

/** All times around the start and the stop of a service's tasks, in seconds. */
export interface TaskTimes {
  readonly health?: HealthTimes;
  /** Between the stop signal and SIGKILL, for each container. May exceed 120, which limits only Fargate. */
  readonly stopTimeout: { readonly app: number; readonly proxy: number };
  /** From the end of the lame-duck period until the proxy aborts requests that are still in progress. */
  readonly hardStopAfter: number;
  /** The longest time a task takes to stop: its containers stop one after the other. */
  readonly stop: number;
  /** The check of the container that decides the task's health; undefined when none is checked. */
  readonly check?: ContainerCheck;
  /** The check of the app's container, where it has one. */
  readonly appCheck?: ContainerCheck;
}

/** How long a node's deregistration waits for tasks to end before it stops them, and again after that. In seconds. */
export interface DrainTimes {
  /** Without progress: longer than a task takes to stop, so that none is abandoned while it still serves. */
  readonly stall: number;
  /** In total, with progress. */
  readonly longest: number;
}

// DigitalOcean's shortest interval is also its shortest time-out.
const timeout = 3;
const margin = 3;
// Source: Amazon ECS API Reference, HealthCheck.
const checks = { shortest: 5, fewest: 3, most: 10 };
/** The longest time ECS waits for a container before failed checks count, in seconds. Source: as above. */
export const longestStart = 300;
/** How long ECS may take to notice that a task has stopped: delays of its agent and the scheduler. */
const report = 35;
/** How long tasks after the first may take to end one by one. */
const furtherTasks = 240;

/** Derives them, so that the load balancer and ECS agree about when a task serves. */
export function healthTimes({ intervalSeconds, unhealthyAfter, healthyAfter }: Health): HealthTimes {
  return {
    loadBalancer: {
      interval: intervalSeconds,
      timeout,
      unhealthyThreshold: unhealthyAfter,
      healthyThreshold: healthyAfter,
    },
    lameDuck: intervalSeconds * (unhealthyAfter + 1) + timeout,
    readyAfter: intervalSeconds * (healthyAfter + 1) + margin,
  };
}

/** The times of a service's tasks. */
export function taskTimes({
  http,
  startSeconds,
  stopSeconds,
  healthCommand,
}: Pick<Service, "http" | "startSeconds" | "stopSeconds" | "healthCommand">): TaskTimes {
  if (http === undefined) {
    const check = healthCommand && checkAfter(startSeconds);
    const stopTimeout = { app: stopSeconds, proxy: 0 };
    return { stopTimeout, hardStopAfter: 0, stop: stopSeconds, check, appCheck: check };
  }
  const health = healthTimes(http.health);
  const { lameDuck, readyAfter } = health;
  if (http.handover === "app") {
    const check = checkAfter(startSeconds + readyAfter, http.health);
    const app = lameDuck + stopSeconds;
    return { health, stopTimeout: { app, proxy: 0 }, hardStopAfter: 0, stop: app, check, appCheck: check };
  }
  // The proxy stops first; only then does the app get its stop signal.
  const stopTimeout = { app: stopSeconds, proxy: lameDuck + stopSeconds + margin };
  return {
    health,
    stopTimeout,
    hardStopAfter: stopSeconds,
    stop: stopTimeout.app + stopTimeout.proxy,
    check: checkAfter(startSeconds + readyAfter, http.health),
    appCheck: healthCommand && checkAfter(startSeconds, http.health),
  };
}

/** How long a node's deregistration waits for tasks of these services. */
export function drainTimes(services: readonly Service[]): DrainTimes {
  const stall = Math.max(margin, ...services.map((service) => taskTimes(service).stop)) + report;
  return { stall, longest: stall + furtherTasks };
}

/** A check that fails a container no earlier than the load balancer does. */
function checkAfter(start: number, health?: Health): ContainerCheck {
  const { shortest, fewest, most } = checks;
  const patience = health === undefined ? 0 : health.intervalSeconds * health.unhealthyAfter;
  const interval = Math.max(shortest, Math.ceil(patience / most));
  const retries = Math.max(fewest, Math.ceil(patience / interval));
  return { interval, timeout: shortest, retries, startPeriod: Math.min(start, longestStart) };
}
