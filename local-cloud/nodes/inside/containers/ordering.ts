import type { ContainerOrder, ContainerReport } from "../../../machines";

/** A container, as far as others wait for it. */
export interface Ordered {
  readonly order: ContainerOrder;
  report(): ContainerReport;
  startedAt(): number | undefined;
}

/** Names of the containers that one waits for; a link waits for a start. Source: amazon-ecs-agent, agent/api/task. */
export function dependenciesOf(order: ContainerOrder): ContainerOrder["dependsOn"] {
  const links = order.links.map((link) => {
    const [containerName = ""] = link.split(":");
    return { containerName, condition: "START" as const };
  });
  return [...order.dependsOn, ...links];
}

/**
 * The obstacle to a container's start: one that it still waits for, or one that stays for ever.
 * Source: amazon-ecs-agent, agent/engine/dependencygraph.
 */
export function obstacleTo(
  container: Ordered,
  task: readonly Ordered[],
  now: number,
): { readonly never: string } | "waits" | undefined {
  for (const { containerName, condition } of dependenciesOf(container.order)) {
    const other = task.find(({ order }) => order.name === containerName);
    if (other === undefined) {
      return {
        never: `container ${container.order.name} depends on ${containerName}, which the task doesn't have`,
      };
    }
    const { status, health, exitCode } = other.report();
    const startedAt = other.startedAt();
    const limit = other.order.startTimeout;
    const described = `dependency graph: container ordering dependency [${containerName}] for target [${container.order.name}]`;
    if (status === "STOPPED" && startedAt === undefined) {
      return { never: `${described} can't be resolved because the dependency will never start` };
    }
    if (condition === "SUCCESS" && status === "STOPPED" && exitCode !== 0) {
      return { never: `${described} did not exit successfully` };
    }
    const late = limit !== undefined && startedAt !== undefined && now >= startedAt + limit * 1000;
    if (condition !== "START" && status !== "STOPPED" && late) {
      return { never: `${described} has timed out` };
    }
    const met = {
      START: status !== "PENDING",
      COMPLETE: status === "STOPPED",
      SUCCESS: status === "STOPPED",
      HEALTHY: health === "HEALTHY",
    }[condition];
    if (!met) {
      return "waits";
    }
  }
  return undefined;
}

/** Whether all containers that depend on this one have ended, so that it may be stopped. */
export function mayStop(container: Ordered, task: readonly Ordered[]): boolean {
  return task
    .filter(({ order }) =>
      dependenciesOf(order).some(({ containerName }) => containerName === container.order.name),
    )
    .every((other) => other.report().status === "STOPPED");
}
