import { setTimeout as pause } from "node:timers/promises";
import { loadEnvironment } from "../../../config/load";
import type { Config } from "../../../config/schema";
import { resolveSites } from "../../../config/sites/nodes";
import { refuseWithoutTerminal, type ApprovalOptions } from "../../commands/approval";
import { goOn } from "../../commands/carry-out";
import { deployPrepared, refuseUndeployable, stacksOf } from "../../commands/deploy";
import { prepare, type ParallelOptions, type Prepared } from "../../commands/deployment";
import type { Fleet, FleetNode } from "../../fleet/fleet";
import { gatherFleet } from "../../fleet/gather";
import { missingOn, nodeIn, unsteadiness } from "../../fleet/steadiness";
import { takeBack, takeOut } from "../../nodes/draining";
import { deployedNodes, keepGenerations } from "../../nodes/kept-generations";
import { allNodes, isAmong, keyOf, parseNodes, type NodeKey } from "../../nodes/node-key";
import { markedNodes, pendingNodes } from "../../nodes/roll-queue";
import { Refusal } from "../../refusals/refusal";
import { counted } from "../../report/counted";
import { unknownName } from "../../refusals/unknown-name";
import type { RollReport } from "../../report/schemas/roll-report";
import { exitCodes } from "../exit-codes";
import type { JsonOptions } from "../options";

export interface RollOptions extends ApprovalOptions, ParallelOptions, JsonOptions {
  /** Only this node at the site. */
  readonly node?: string;
  /** Whether to replace every node, so that it gets the newest agents. */
  readonly agents?: boolean;
}

/**
 * Seconds within which a site must be steady again with a new node: DigitalOcean measures backends every two minutes.
 */
const steadySeconds = 900;
/** Source: Amazon ECS API Reference, request throttling. */
const pollSeconds = 10;

/**
 * Replaces nodes one at a time: those whose replacement is pending, or all. Drains and replaces each, then waits for it
 * and its site before the next one. Stops at the first failure, while the others serve; a second run continues.
 *
 * @throws {Refusal} when a site isn't steady before, or doesn't become so again.
 */
export async function roll(site: string | undefined, options: RollOptions): Promise<number> {
  refuseWithoutTerminal(options);
  const candidates = candidatesOf(site, options, loadEnvironment(process.env).config);
  const screen = options.json === true ? process.stderr : process.stdout;
  const command = { name: "deploy", calledAs: "roll", changes: true, ...options, screen } as const;
  const prepared = await prepare(process.env, command, stacksOf(candidates));
  const { deployment, selected } = prepared;
  const { config } = deployment.environment;
  await refuseUndeployable(prepared);
  const fleet = await look(config);
  const deployed = await deployedNodes(deployment.stacks, deployment.terraform, allNodes(config));
  const pending = pendingNodes(fleet, allNodes(config), deployed);
  const queue =
    options.agents === true
      ? await markedNodes(config, fleet, candidates)
      : pending.filter((node) => isAmong(candidates, node));
  if (queue.length === 0) {
    say("No replacement is pending.");
    report(config, queue, {}, options);
    return exitCodes.fine;
  }
  say(`To be replaced, one at a time: ${queue.map(keyOf).join(", ")}`);
  // Configuration changes to nodes whose turn has not come must wait.
  const waiting = deployed.filter((node) => isAmong(pending, node));
  for (const [index, node] of queue.entries()) {
    const done = queue.slice(0, index + 1);
    const undo = keepGenerations(
      selected,
      waiting.filter((one) => !isAmong(done, one)),
    );
    try {
      say(`${keyOf(node)}: ${index + 1} of ${queue.length}`);
      await replace(node, { prepared, config, options });
    } catch (error) {
      if (error instanceof Refusal) {
        report(config, queue, { replaced: index, problem: error.message }, options);
        throw new Refusal(stoppedAt(queue, index, error));
      }
      throw error;
    } finally {
      undo();
    }
    if (!isAwaited(config, node)) {
      say(
        `${keyOf(node)} has a new activation, and its server must join with it: "npx anywhere join ${node.site} ` +
          `${node.node}".${index + 1 < queue.length ? " Then run the same command again: it continues." : ""}`,
      );
      report(config, queue, { replaced: index + 1, toJoin: keyOf(node) }, options);
      return exitCodes.problems;
    }
  }
  report(config, queue, { replaced: queue.length }, options);
  return exitCodes.fine;
}

/** The progress of a roll. */
interface End {
  /** How many of its nodes were replaced. */
  readonly replaced?: number;
  readonly toJoin?: string;
  readonly problem?: string;
}

function report(
  { name: deployment }: Config,
  queue: readonly NodeKey[],
  { replaced = 0, toJoin, problem }: End,
  { json = false }: RollOptions,
): void {
  if (json) {
    const keys = queue.map(keyOf);
    const told: RollReport = {
      deployment,
      replaced: keys.slice(0, replaced),
      left: keys.slice(replaced),
      toJoin: toJoin ?? null,
      problem: problem ?? null,
    };
    console.log(JSON.stringify(told, undefined, 2));
  }
}

function candidatesOf(site: string | undefined, { node }: RollOptions, config: Config): NodeKey[] {
  const sites = Object.keys(config.sites);
  if (site !== undefined && !sites.includes(site)) {
    throw new Refusal(unknownName("site", [site], sites));
  }
  if (node !== undefined) {
    if (site === undefined) {
      throw new Refusal(`--node ${node} needs its site, as in: anywhere roll ams3 --node ${node}`);
    }
    return parseNodes([`${site}/${node}`], config);
  }
  return allNodes(config).filter((one) => site === undefined || one.site === site);
}

interface Rolling {
  readonly prepared: Prepared;
  readonly config: Config;
  readonly options: RollOptions;
}

async function replace(node: FleetNode, { prepared, config, options }: Rolling): Promise<void> {
  const fleet = await look(config);
  const before = nodeIn(fleet, node) ?? node;
  // Replacing a node that runs no tasks interrupts nothing, and may solve the only problem.
  if (before.containerInstance !== null) {
    const problems = unsteadiness(fleet, node.site);
    if (problems.length > 0) {
      throw new Refusal(`${node.site} isn't steady:\n${listed(problems)}`);
    }
    await drain(before, config);
  }
  try {
    await deployPrepared(prepared, { ...options, replace: [node] });
  } catch (error) {
    // If it still exists: an earlier failure may have left it untouched.
    await takeBack(config, node).catch(() => undefined);
    throw error;
  }
  if (isAwaited(config, node)) {
    await untilSteady(before, config);
  }
}

/** Moves its tasks elsewhere before it is replaced; otherwise they would be stopped. */
async function drain(node: FleetNode, config: Config): Promise<void> {
  const { tasks } = await takeOut(config, node, (left) => {
    say(`${keyOf(node)} is draining, ${counted(left, "task")} left`);
  });
  if (tasks > 0) {
    await takeBack(config, node);
    throw new Refusal(
      `it still runs ${counted(tasks, "task")}, which would be stopped: no other node of the site has room, or no service ` +
        `started it. The node is in service again. "npm run deploy -- --replace ${keyOf(node)}" replaces it anyway.`,
    );
  }
}

/** Whether a deploy waits for a node, so that a roll can, too. */
function isAwaited(config: Config, { site }: NodeKey): boolean {
  return resolveSites(config).get(site)?.awaitsNodes === true;
}

async function untilSteady(before: FleetNode, config: Config): Promise<void> {
  const end = Date.now() + steadySeconds * 1000;
  let told = "";
  for (;;) {
    const fleet = await look(config);
    const problems = [...missingOn(fleet, before, config), ...unsteadiness(fleet, before.site)];
    if (problems.length === 0) {
      say(`${keyOf(before)} serves, and ${before.site} is steady.`);
      return;
    }
    if (Date.now() >= end) {
      throw new Refusal(
        `${before.site} isn't steady ${steadySeconds} s after its replacement:\n${listed(problems)}`,
      );
    }
    const text = `waiting: ${problems[0] ?? ""}`;
    if (text !== told) {
      told = text;
      say(text);
    }
    await pause(pollSeconds * 1000);
  }
}

const look = (config: Config): Promise<Fleet> => gatherFleet(config, process.env);

const listed = (problems: readonly string[]): string => problems.map((problem) => `- ${problem}`).join("\n");

function stoppedAt(queue: readonly NodeKey[], index: number, { message }: Refusal): string {
  const keys = queue.map(keyOf);
  return [
    `${keys[index] ?? ""}: ${message.replace(`\n${goOn}`, "")}`,
    `Replaced: ${keys.slice(0, index).join(", ") || "none"}. Not started: ${keys.slice(index + 1).join(", ") || "none"}.`,
    goOn,
  ].join("\n");
}

const say = (text: string): void => {
  console.error(text);
};
