import type { ContainerInstance, ECSClient } from "@aws-sdk/client-ecs";
import { setTimeout as pause } from "node:timers/promises";
import { drainTimes } from "../../config/services/health";
import { hasTasksAt } from "../../config/services/placements";
import type { Config } from "../../config/schema";
import { announceEnvironment } from "../commands/deployment";
import { instanceOf } from "../fleet/node-instance";
import { withCluster } from "../fleet/sources/cluster";
import { idOf } from "../fleet/tasks";
import { keyOf, parseNodes, type NodeKey } from "../nodes/node-key";
import { Refusal } from "../refusals/refusal";
import { exitCodes } from "./exit-codes";
import type { JsonOptions } from "./events";

/** Source: Amazon ECS API Reference, request throttling. */
const pollSeconds = 5;

/**
 * Takes a node out of service: ECS places nothing on it any more, and its services' tasks end, as far as others may run
 * elsewhere in their place. Waits until none is left, or none has ended for longer than any takes.
 *
 * @throws {Refusal} when the node is unknown or isn't registered.
 */
export function drain(name: string, options: JsonOptions): Promise<number> {
  return onNode(name, async ({ client, cluster, config, node }) => {
    const instance = await change(client, cluster, node, "DRAINING");
    say(`${keyOf(node)} is draining: ECS places nothing on it any more.`);
    const left = await untilEmpty(client, cluster, instance, boundOf(config, node));
    report({ node: keyOf(node), instance, status: "DRAINING", tasks: left }, options);
    if (left === 0) {
      say(`${keyOf(node)} runs nothing any more. "npx anywhere undrain ${keyOf(node)}" takes it back.`);
      return exitCodes.fine;
    }
    say(
      `${left} tasks go on on ${keyOf(node)}: no other node has a place for them, or no service has started them. ` +
        `"npx anywhere events" tells why; "npx anywhere undrain ${keyOf(node)}" takes it back.`,
    );
    return exitCodes.problems;
  });
}

/** Takes a drained node back into service. @throws {Refusal} when the node is unknown or isn't registered. */
export function undrain(name: string, options: JsonOptions): Promise<number> {
  return onNode(name, async ({ client, cluster, node }) => {
    const instance = await change(client, cluster, node, "ACTIVE");
    say(`${keyOf(node)} is in service: ECS places tasks on it.`);
    report(
      { node: keyOf(node), instance, status: "ACTIVE", tasks: instance.runningTasksCount ?? 0 },
      options,
    );
    return exitCodes.fine;
  });
}

interface OnNode {
  readonly client: ECSClient;
  readonly cluster: string;
  readonly config: Config;
  readonly node: NodeKey;
}

async function onNode(name: string, act: (on: OnNode) => Promise<number>): Promise<number> {
  const { config } = announceEnvironment(process.env);
  const [node] = parseNodes([name], config);
  if (node === undefined) {
    throw new Refusal(`No node is called ${name}.`);
  }
  return withCluster(config, (client, cluster) => act({ client, cluster, config, node }));
}

async function change(
  client: ECSClient,
  cluster: string,
  node: NodeKey,
  status: "ACTIVE" | "DRAINING",
): Promise<ContainerInstance> {
  const { UpdateContainerInstancesStateCommand } = await import("@aws-sdk/client-ecs");
  const instance = await instanceOf(client, cluster, node);
  const containerInstances = [instance.containerInstanceArn ?? ""];
  const { failures = [] } = await client.send(
    new UpdateContainerInstancesStateCommand({ cluster, containerInstances, status }),
  );
  if (failures.length > 0) {
    throw new Refusal(
      `ECS doesn't set ${keyOf(node)} to ${status}: ${failures[0]?.reason ?? "no reason told"}.`,
    );
  }
  return instance;
}

/** Seconds without progress after which nothing more will end. */
function boundOf({ services }: Config, { site }: NodeKey): number {
  return drainTimes(Object.values(services).filter((service) => hasTasksAt(service, site))).stall;
}

async function untilEmpty(
  client: ECSClient,
  cluster: string,
  { containerInstanceArn = "" }: ContainerInstance,
  bound: number,
): Promise<number> {
  const { DescribeContainerInstancesCommand } = await import("@aws-sdk/client-ecs");
  const question = new DescribeContainerInstancesCommand({
    cluster,
    containerInstances: [containerInstanceArn],
  });
  let fewest = Infinity;
  for (let waited = 0; ; waited += pollSeconds) {
    const [instance] = (await client.send(question)).containerInstances ?? [];
    const left = (instance?.runningTasksCount ?? 0) + (instance?.pendingTasksCount ?? 0);
    if (left < fewest) {
      fewest = left;
      waited = 0;
      say(`${left} tasks left`);
    }
    if (left === 0 || waited >= bound) {
      return left;
    }
    await pause(pollSeconds * 1000);
  }
}

const say = (text: string): void => {
  console.error(text);
};

interface Drained {
  readonly node: string;
  readonly instance: ContainerInstance;
  readonly status: string;
  readonly tasks: number;
}

function report({ node, instance, status, tasks }: Drained, { json = false }: JsonOptions): void {
  if (json) {
    const containerInstance = idOf(instance.containerInstanceArn);
    console.log(JSON.stringify({ node, containerInstance, status, tasks }, undefined, 2));
  }
}
