import type { ECSClient } from "@aws-sdk/client-ecs";
import { setTimeout as pause } from "node:timers/promises";
import { lostSinceTag } from "../../../config/names";
import type { Config } from "../../../config/schema";
import { announceEnvironment } from "../../commands/deployment";
import { gatherFleet } from "../../fleet/gather";
import { lostNodes, returnedInstances, type LostNode } from "../../fleet/lost-nodes";
import { withCluster } from "../../fleet/sources/cluster";
import { containerInstancesOf } from "../../fleet/sources/ecs";
import { Refusal } from "../../refusals/refusal";
import { healText } from "../../report/heal-text";
import type { HealReport } from "../../report/schemas/heal-report";
import type { JsonOptions } from "../options";
import { exitCodes } from "../exit-codes";

export interface HealOptions extends JsonOptions {
  /** Minutes for which an agent must have been lost; 15 by default. */
  readonly after?: number;
  readonly dryRun?: boolean;
}

/** Seconds until lost agents are checked again: those that reconnect are back sooner. */
const secondLookAfter = 20;

/**
 * Deregisters nodes whose agents have been lost for this long, so that ECS starts their tasks elsewhere, which it never
 * does on its own: github.com/aws/containers-roadmap/issues/2040. Meant to run every few minutes: an agent that only
 * ECS has lost is marked the first time, since ECS doesn't report how long. The last node of a site is kept, since no
 * other could take its tasks.
 *
 * @throws {Refusal} when a cloud can't be queried: then nothing is changed.
 */
export async function heal({ after = 15, dryRun = false, json = false }: HealOptions): Promise<number> {
  const { config } = announceEnvironment(process.env);
  const fleet = await gatherFleet(config, process.env);
  const unknown = fleet.unanswered.find(({ source }) => source !== "DigitalOcean");
  if (unknown !== undefined) {
    throw new Refusal(`${unknown.source} can't be queried (${unknown.reason}): nothing was changed.`);
  }
  const found = lostNodes(fleet);
  const now = Date.parse(fleet.at);
  const isDue = ({ since, replaceable }: LostNode) =>
    replaceable && since !== undefined && now - Date.parse(since) >= after * 60_000;
  const due = found.filter(isDue);
  const healed = dryRun ? due : await stillLost(config, due);
  const lost = found.filter((node) => !due.includes(node) || healed.includes(node));
  if (!dryRun) {
    await withCluster(config, async (client, cluster) => {
      const unmarked = lost.filter((node) => node.since === undefined);
      await mark(client, unmarked, returnedInstances(fleet), fleet.at);
      await deregister(client, cluster, healed);
    });
  }
  const report: HealReport = {
    deployment: config.name,
    dryRun,
    nodes: lost.map((node) => ({
      node: node.node,
      containerInstance: node.containerInstance,
      lostSince: node.since ?? fleet.at,
      deregistered: healed.includes(node) && !dryRun,
      due: healed.includes(node),
      lastOfSite: !node.replaceable,
    })),
  };
  if (json) {
    console.log(JSON.stringify(report, undefined, 2));
  } else {
    console.log(healText(report, after, config));
  }
  return lost.length === 0 ? exitCodes.fine : exitCodes.problems;
}

/**
 * Those of these nodes whose agents don't come back at once. Neither Systems Manager's ping status nor an earlier mark
 * reflects the current moment: agents reconnect several times an hour, and a serving node must not be deregistered.
 */
async function stillLost(config: Config, nodes: readonly LostNode[]): Promise<readonly LostNode[]> {
  if (nodes.length === 0) {
    return [];
  }
  console.error(`${nodes.map(({ node }) => node).join(", ")}: checking again in ${secondLookAfter} s`);
  await pause(secondLookAfter * 1000);
  const instances = await withCluster(config, containerInstancesOf);
  const away = instances.filter(({ agentConnected }) => agentConnected !== true);
  return nodes.filter(({ arn }) => away.some(({ containerInstanceArn }) => containerInstanceArn === arn));
}

async function mark(
  client: ECSClient,
  lost: readonly LostNode[],
  returned: readonly string[],
  at: string,
): Promise<void> {
  const { TagResourceCommand, UntagResourceCommand } = await import("@aws-sdk/client-ecs");
  for (const { arn } of lost) {
    await client.send(new TagResourceCommand({ resourceArn: arn, tags: [{ key: lostSinceTag, value: at }] }));
  }
  for (const resourceArn of returned) {
    await client.send(new UntagResourceCommand({ resourceArn, tagKeys: [lostSinceTag] }));
  }
}

async function deregister(client: ECSClient, cluster: string, nodes: readonly LostNode[]): Promise<void> {
  const { DeregisterContainerInstanceCommand } = await import("@aws-sdk/client-ecs");
  for (const { containerInstance } of nodes) {
    await client.send(new DeregisterContainerInstanceCommand({ cluster, containerInstance, force: true }));
  }
}
