import type { Context } from "../../context";
import type { Health } from "../../../machines";
import type { Task } from "../../state";

/** Names of a task's essential containers with a health check: its health depends on these. */
export function checkedContainers({ world }: Context, { taskDefinitionArn }: Task): readonly string[] {
  return (world.aws.taskDefinitions.get(taskDefinitionArn)?.definition.containerDefinitions ?? [])
    .filter(({ essential, healthCheck }) => essential !== false && healthCheck !== undefined)
    .map(({ name = "" }) => name);
}

/**
 * UNHEALTHY once one of them is, HEALTHY once all are, otherwise UNKNOWN, as for a task without checks.
 * Source: Amazon ECS API Reference, HealthCheck; Developer Guide, "Determine task health using container health checks".
 */
export function healthOf(context: Context, task: Task): Health {
  const found = checkedContainers(context, task).map(
    (name) => task.containers.find((container) => container.name === name)?.health ?? "UNKNOWN",
  );
  const worst = (["UNHEALTHY", "UNKNOWN"] as const).find((health) => found.includes(health));
  return worst ?? (found.length === 0 ? "UNKNOWN" : "HEALTHY");
}
