import type { Application } from "./schema";

/** Every number about health that follows from `application.health`. All but counts in seconds. */
export interface HealthTimes {
  readonly loadBalancer: {
    readonly interval: number;
    readonly timeout: number;
    readonly unhealthyThreshold: number;
    readonly healthyThreshold: number;
  };
  /** How long a container that is told to stop fails its health check and goes on serving. */
  readonly lameDuck: number;
  /** How long a container listens before it calls itself healthy: by then the load balancer has taken it in. */
  readonly readyAfter: number;
  /** How long ECS waits between SIGTERM and SIGKILL. */
  readonly stopTimeout: number;
  readonly container: {
    readonly interval: number;
    readonly timeout: number;
    readonly retries: number;
    readonly startPeriod: number;
  };
  /** How long a node's deregistration waits for its tasks to end, before it stops them, and once more after that. */
  readonly drain: {
    /** Without progress: longer than a task takes to stop, so that none is given up while it still serves. */
    readonly stall: number;
    /** In all, with progress. */
    readonly longest: number;
  };
}

// DigitalOcean's shortest interval is also its shortest time-out.
const timeout = 3;
const margin = 3;
/** How long requests that are under way may take once no new ones come. */
const requestEnd = 10;
/** How much later than it ended ECS may know of a stopped task: its agent's and the scheduler's delays. */
const report = 35;
/** How long tasks may go on ending one after the other, beyond the first. */
const furtherTasks = 240;

/** Derives them, so that the load balancer and ECS agree about when a container serves. */
export function healthTimes({
  intervalSeconds,
  unhealthyAfter,
  healthyAfter,
}: Application["health"]): HealthTimes {
  const lameDuck = intervalSeconds * (unhealthyAfter + 1) + timeout;
  const readyAfter = intervalSeconds * (healthyAfter + 1) + margin;
  const stopTimeout = lameDuck + requestEnd + margin;
  const stall = stopTimeout + report;
  return {
    loadBalancer: {
      interval: intervalSeconds,
      timeout,
      unhealthyThreshold: unhealthyAfter,
      healthyThreshold: healthyAfter,
    },
    lameDuck,
    readyAfter,
    // May exceed 120 s, which is Fargate's limit alone. Source: Amazon ECS API Reference, ContainerDefinition.
    stopTimeout,
    // A check that passes inside the start period counts at once. Source: Amazon ECS API Reference, HealthCheck
    // (interval 5 to 300, start period 300 at most).
    container: { interval: 5, timeout: 5, retries: 3, startPeriod: Math.min(readyAfter + 60, 300) },
    drain: { stall, longest: stall + furtherTasks },
  };
}
