import type { ContainerInstance, Service } from "@aws-sdk/client-ecs";
import { z } from "zod";
import type { FleetTask } from "./fleet";
import { nodeOf } from "./node-instance";
import { idOf } from "./tasks";
import { timeOf } from "./time";

export const fleetEvent = z.strictObject({
  at: z.iso.datetime(),
  of: z.string().describe("The ECS service, as service--site, or the job."),
  message: z.string(),
  node: z.string().nullable().describe("Where a task stopped, as site/node."),
  exitCode: z.int().nullable(),
});

/** A service's event, or a stopped task. */
export type FleetEvent = z.output<typeof fleetEvent>;

/** ECS's reports about services, newest last: a hundred events of each, and tasks that stopped within the past hour. */
export function eventsOf(
  services: readonly Service[],
  tasks: readonly FleetTask[],
  instances: readonly ContainerInstance[],
): FleetEvent[] {
  const told = services.flatMap(({ serviceName = "", events = [] }) =>
    events.map(({ createdAt, message = "" }) => ({
      at: timeOf(createdAt) ?? "",
      of: serviceName,
      message: message.replace(`(service ${serviceName}) `, ""),
      node: null,
      exitCode: null,
    })),
  );
  const stopped = tasks.flatMap((task) => {
    const { stoppedAt, id, of, revision, reason, exitCode, containerInstance } = task;
    const instance = instances.find((one) => idOf(one.containerInstanceArn) === containerInstance);
    const code = exitCode === null ? "" : ` with code ${exitCode}`;
    return stoppedAt === null
      ? []
      : [
          {
            at: stoppedAt,
            of: of ?? revision,
            message: `(task ${id}) of ${revision} stopped${code}: ${reason ?? "no reason given"}`,
            node: instance === undefined ? null : (nodeOf(instance) ?? null),
            exitCode,
          },
        ];
  });
  return [...told, ...stopped].sort((one, other) => (one.at < other.at ? -1 : 1));
}
