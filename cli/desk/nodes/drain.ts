import type { Config } from "../../../config/schema";
import { announceEnvironment } from "../../commands/deployment";
import { takeBack, takeOut, type Drained } from "../../nodes/draining";
import { keyOf, parseNodes, type NodeKey } from "../../nodes/node-key";
import { Refusal } from "../../refusals/refusal";
import { counted } from "../../report/counted";
import { exitCodes } from "../exit-codes";
import type { JsonOptions } from "../options";

/**
 * Takes a node out of service, and waits until its tasks have stopped.
 *
 * @throws {Refusal} when the node is unknown or isn't registered.
 */
export async function drain(name: string, options: JsonOptions): Promise<number> {
  const { config, node } = named(name);
  const key = keyOf(node);
  const drained = await takeOut(config, node, (left) => {
    say(`${counted(left, "task")} left`);
  });
  report(key, "DRAINING", drained, options);
  if (drained.tasks === 0) {
    say(`${key} runs no more tasks. "npx anywhere undrain ${key}" returns it to service.`);
    return exitCodes.fine;
  }
  say(
    `${key} still runs ${counted(drained.tasks, "task")}: no other node has room, or no service started it. ` +
      `"npx anywhere events" shows why; "npx anywhere undrain ${key}" returns it to service.`,
  );
  return exitCodes.problems;
}

/** Returns a drained node to service. @throws {Refusal} when the node is unknown or isn't registered. */
export async function undrain(name: string, options: JsonOptions): Promise<number> {
  const { config, node } = named(name);
  report(keyOf(node), "ACTIVE", await takeBack(config, node), options);
  say(`${keyOf(node)} is in service: ECS places tasks on it.`);
  return exitCodes.fine;
}

function named(name: string): { readonly config: Config; readonly node: NodeKey } {
  const { config } = announceEnvironment(process.env);
  const [node] = parseNodes([name], config);
  if (node === undefined) {
    throw new Refusal(`No node is called ${name}.`);
  }
  return { config, node };
}

const say = (text: string): void => {
  console.error(text);
};

function report(node: string, status: string, drained: Drained, { json = false }: JsonOptions): void {
  if (json) {
    const { containerInstance, tasks } = drained;
    console.log(JSON.stringify({ node, containerInstance, status, tasks }, undefined, 2));
  }
}
