import type { Config } from "../../../config/schema";
import { announceEnvironment } from "../../commands/deployment";
import { takeOut } from "../../nodes/draining";
import { keyOf, type NodeKey } from "../../nodes/node-key";
import { Refusal } from "../../refusals/refusal";
import { counted } from "../../report/counted";
import { leaveScript, lineToPaste } from "../../servers/script";
import { finishServers, onServer, type End } from "../../servers/servers";
import type { JsonOptions } from "../options";

export interface LeaveOptions extends JsonOptions {
  /** Address of the server, as an argument for `ssh`. */
  readonly ssh?: string;
}

/**
 * Undoes a server's join, or prints the line that does so there. Drains the node first if ECS knows it. The node may
 * have left the configuration: the server's own identity counts.
 *
 * @throws {Refusal} when it is a droplet's name.
 */
export async function leave(site: string, node: string, options: LeaveOptions): Promise<number> {
  const { config } = announceEnvironment(process.env);
  if (config.sites[site]?.kind === "digitalocean") {
    throw new Refusal(
      `${site}/${node} is a droplet, which is deleted with its node: remove it from the file and deploy.`,
    );
  }
  const key = { site, node };
  await drainIfKnown(config, key);
  const script = leaveScript(config, key);
  const target = { node: key, host: options.ssh };
  const end: End =
    options.ssh === undefined
      ? { state: "to be pasted", message: "this stops both agents", line: lineToPaste(script) }
      : await onServer(key, options.ssh, script, false);
  if (node in (config.sites[site]?.nodes ?? {})) {
    console.error(
      `AWS keeps the registration of ${site}/${node} until you remove the node from the file and deploy. To join again, ` +
        `it needs a new activation: "npm run deploy -- --replace ${site}/${node}".`,
    );
  }
  return finishServers(config, [target], [end], options);
}

async function drainIfKnown(config: Config, node: NodeKey): Promise<void> {
  try {
    const { tasks } = await takeOut(config, node, (left) => {
      console.error(`${keyOf(node)} is draining, ${counted(left, "task")} left`);
    });
    if (tasks > 0) {
      console.error(`${counted(tasks, "task")} will stop with it: no other node has room.`);
    }
  } catch (error) {
    if (!(error instanceof Refusal)) {
      throw error;
    }
    console.error(`ECS no longer knows ${keyOf(node)}.`);
  }
}
