import type { Health, Service } from "./service";

/** How a load balancer judges a node, and what follows for containers. All but counts in seconds. */
export interface HealthTimes {
  readonly loadBalancer: {
    readonly interval: number;
    readonly timeout: number;
    readonly unhealthyThreshold: number;
    readonly healthyThreshold: number;
  };
  /** How long a task that is told to stop fails its health path and goes on serving. */
  readonly lameDuck: number;
  /** How long a task answers before it calls itself healthy: by then the load balancer has taken it in. */
  readonly readyAfter: number;
}

/** How ECS checks a container. Source: Amazon ECS API Reference, HealthCheck. */
export interface ContainerCheck {
  readonly interval: number;
  readonly timeout: number;
  readonly retries: number;
  /** 300 at most. A check that passes inside of it counts at once. */
  readonly startPeriod: number;
}

/** Every number about the start and the end of a service's tasks. Seconds. */
export interface TaskTimes {
  readonly health?: HealthTimes;
  /** Between the stop signal and SIGKILL, for each container. May exceed 120, which is Fargate's limit alone. */
  readonly stopTimeout: { readonly app: number; readonly proxy: number };
  /** From the end of the lame duck until the proxy ends what is still under way. */
  readonly hardStopAfter: number;
  /** Longest that a task takes to stop: its containers end one after the other. */
  readonly stop: number;
  /** The check of the container that decides about the task; undefined when none is checked. */
  readonly check?: ContainerCheck;
  /** The check of the app's container, where it has one. */
  readonly appCheck?: ContainerCheck;
}

/** How long a node's deregistration waits for its tasks to end, before it stops them, and once more after that. Seconds. */
export interface DrainTimes {
  /** Without progress: longer than a task takes to stop, so that none is given up while it still serves. */
  readonly stall: number;
  /** In all, with progress. */
  readonly longest: number;
}

// DigitalOcean's shortest interval is also its shortest time-out.
const timeout = 3;
const margin = 3;
// Source: Amazon ECS API Reference, HealthCheck.
const checks = { shortest: 5, fewest: 3, most: 10 };
/** Seconds that ECS waits for a container at most, before failed checks count. Source: as before. */
export const longestStart = 300;
/** How much later than it ended ECS may know of a stopped task: its agent's and the scheduler's delays. */
const report = 35;
/** How long tasks may go on ending one after the other, beyond the first. */
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
  // The proxy ends first, and only then is the app told to.
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

/** A check that gives a container up no earlier than the load balancer does. */
function checkAfter(start: number, health?: Health): ContainerCheck {
  const { shortest, fewest, most } = checks;
  const patience = health === undefined ? 0 : health.intervalSeconds * health.unhealthyAfter;
  const interval = Math.max(shortest, Math.ceil(patience / most));
  const retries = Math.max(fewest, Math.ceil(patience / interval));
  return { interval, timeout: shortest, retries, startPeriod: Math.min(start, longestStart) };
}
