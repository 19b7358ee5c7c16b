import type { ContainerInstance, ECSClient } from "@aws-sdk/client-ecs";
import { setTimeout as pause } from "node:timers/promises";
import type { Config } from "../../config/schema";
import { drainTimes } from "../../config/services/health";
import { hasTasksAt } from "../../config/services/placements";
import { instanceOf } from "../fleet/node-instance";
import { withCluster } from "../fleet/sources/cluster";
import { idOf } from "../fleet/tasks";
import { Refusal } from "../refusals/refusal";
import { keyOf, type NodeKey } from "./node-key";

/** Source: Amazon ECS API Reference, request throttling. */
const pollSeconds = 5;

/** A node that was taken out of service, or back. */
export interface Drained {
  /** Id of its container instance. */
  readonly containerInstance: string;
  /** Tasks that it runs at the end. */
  readonly tasks: number;
}

/**
 * Takes a node out of service: ECS places nothing on it any more, and its services' tasks end where others can replace
 * them elsewhere. Waits until none is left, or none has ended for longer than any task takes to stop.
 *
 * @param told receives how many are left, each time some have ended.
 * @throws {Refusal} when it isn't registered.
 */
export function takeOut(config: Config, node: NodeKey, told: (left: number) => void): Promise<Drained> {
  return withInstance(config, node, async (client, cluster, instance) => {
    const id = idOf(instance.containerInstanceArn);
    await setState(client, cluster, id, "DRAINING");
    const services = Object.values(config.services).filter((service) => hasTasksAt(service, node.site));
    const tasks = await untilEmpty({ client, cluster, id, bound: drainTimes(services).stall }, told);
    return { containerInstance: id, tasks };
  });
}

/** Takes a drained node back into service. @throws {Refusal} when it isn't registered. */
export function takeBack(config: Config, node: NodeKey): Promise<Drained> {
  return withInstance(config, node, async (client, cluster, instance) => {
    const id = idOf(instance.containerInstanceArn);
    await setState(client, cluster, id, "ACTIVE");
    return { containerInstance: id, tasks: instance.runningTasksCount ?? 0 };
  });
}

function withInstance<T>(
  config: Config,
  node: NodeKey,
  act: (client: ECSClient, cluster: string, instance: ContainerInstance) => Promise<T>,
): Promise<T> {
  return withCluster(config, async (client, cluster) => {
    try {
      return await act(client, cluster, await instanceOf(client, cluster, node));
    } catch (error) {
      if (error instanceof Unchanged) {
        throw new Refusal(`${keyOf(node)}: ${error.message}`);
      }
      throw error;
    }
  });
}

class Unchanged extends Error {}

/** Sets the state of a container instance. @throws when ECS doesn't. */
export async function setState(
  client: ECSClient,
  cluster: string,
  id: string,
  status: "ACTIVE" | "DRAINING",
): Promise<void> {
  const { UpdateContainerInstancesStateCommand } = await import("@aws-sdk/client-ecs");
  const { failures = [] } = await client.send(
    new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [id], status }),
  );
  if (failures.length > 0) {
    throw new Unchanged(`ECS doesn't set ${id} to ${status}: ${failures[0]?.reason ?? "no reason given"}.`);
  }
}

/** A container instance that is draining. */
interface Draining {
  readonly client: ECSClient;
  readonly cluster: string;
  readonly id: string;
  /** Seconds without progress after which nothing more will end. */
  readonly bound: number;
}

/** Waits until a container instance runs nothing any more, or nothing has ended for so long; returns what it still runs. */
export async function untilEmpty(
  { client, cluster, id, bound }: Draining,
  told: (left: number) => void,
): Promise<number> {
  const { DescribeContainerInstancesCommand } = await import("@aws-sdk/client-ecs");
  const question = new DescribeContainerInstancesCommand({ cluster, containerInstances: [id] });
  let fewest = Infinity;
  for (let waited = 0; ; waited += pollSeconds) {
    const [instance] = (await client.send(question)).containerInstances ?? [];
    const left = (instance?.runningTasksCount ?? 0) + (instance?.pendingTasksCount ?? 0);
    if (left < fewest) {
      fewest = left;
      waited = 0;
      told(left);
    }
    if (left === 0 || waited >= bound) {
      return left;
    }
    await pause(pollSeconds * 1000);
  }
}
