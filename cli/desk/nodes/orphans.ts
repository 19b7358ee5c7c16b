import type { Config } from "../../../config/schema";
import { reasonOf } from "../../aws/client";
import { confirm, refuseWithoutTerminal, type ApprovalOptions } from "../../commands/approval";
import { prepare, type Deployment } from "../../commands/deployment";
import { DigitalOcean, digitalOceanToken } from "../../checks/digitalocean/api";
import { claimsOf } from "../../orphans/claims";
import { findAtAws } from "../../orphans/find-at-aws";
import { findAtDigitalOcean } from "../../orphans/find-at-digitalocean";
import { remove, type Removal } from "../../orphans/remove";
import { kinds, type Thing } from "../../orphans/thing";
import { Refusal } from "../../refusals/refusal";
import type { OrphansReport } from "../../report/schemas/orphans-report";
import { screenOf } from "../../report/screen";
import { table } from "../../report/table";
import type { JsonOptions } from "../options";
import { exitCodes } from "../exit-codes";

export interface OrphansOptions extends JsonOptions, ApprovalOptions {
  readonly delete?: boolean;
  /** Whether it is known that there is no state any more. */
  readonly lostState?: boolean;
}

/** Seconds that DigitalOcean has for all that is asked of it. */
const patience = 300;

/**
 * Finds what carries the deployment's name in both clouds and is in none of its states, and removes it when asked to.
 *
 * @throws {Refusal} when a cloud or a state can't be read, or all states are missing and nobody has said that they are
 * lost: nothing is removed then.
 */
export async function orphans(options: OrphansOptions): Promise<number> {
  const deleting = options.delete === true;
  if (deleting) {
    refuseWithoutTerminal(options, "what would be removed");
  }
  const command = { name: deleting ? "destroy" : "diff", calledAs: "orphans", changes: deleting } as const;
  const { deployment } = await prepare(process.env, command, []);
  const { config } = deployment.environment;
  const digitalOcean = atDigitalOcean(config);
  const api = digitalOcean();
  const things = [
    ...(await found("AWS", findAtAws(config))),
    ...(api === undefined ? [] : await found("DigitalOcean", findAtDigitalOcean(api, config))),
  ];
  const { states, has } = await claimsOf(deployment, things);
  const orphaned = things
    .filter((thing) => !has(thing))
    .sort((one, other) => kinds.indexOf(one.kind) - kinds.indexOf(other.kind));
  if (states === 0 && orphaned.length > 0) {
    warnOfLostStates(deployment, options);
  }
  if (orphaned.length > 0 && deleting) {
    showList(orphaned);
    if (options.autoApprove !== true) {
      await confirm(`Do you want to remove these ${orphaned.length} things of ${config.name} for good?`);
    }
    const removals = await remove(config, digitalOcean, orphaned, (text) => {
      console.error(text);
    });
    return finish(config, states, removals, options);
  }
  return finish(
    config,
    states,
    orphaned.map((thing) => ({ thing, removed: false, problem: null })),
    options,
  );
}

/** What a cloud has. @throws {Refusal} when it doesn't tell. */
async function found(cloud: string, things: Promise<readonly Thing[]>): Promise<readonly Thing[]> {
  try {
    return await things;
  } catch (error) {
    throw error instanceof Refusal
      ? error
      : new Refusal(`${cloud} can't be asked (${reasonOf(error)}): nothing was removed.`);
  }
}

/** DigitalOcean's API, with all its time from when it is asked for; undefined where nothing can be of ours. */
function atDigitalOcean({ sites }: Config): () => DigitalOcean | undefined {
  const { token } = digitalOceanToken(process.env) ?? {};
  if (token === undefined) {
    // The last site there may have left the configuration.
    if (Object.values(sites).some(({ kind }) => kind === "digitalocean")) {
      throw new Refusal("DigitalOcean can't be asked: set DIGITALOCEAN_TOKEN to an API token.");
    }
    console.error("Without DIGITALOCEAN_TOKEN nothing is looked for at DigitalOcean.");
    return () => undefined;
  }
  return () => new DigitalOcean(token, process.env, AbortSignal.timeout(patience * 1000));
}

/** A wrong backend looks like lost states, and would make an orphan of all that serves. */
function warnOfLostStates({ environment }: Deployment, options: OrphansOptions): void {
  const { config, file } = environment;
  const words =
    `No state of ${config.name} is where ${file} says: all that carries its name counts as orphaned. If there is one ` +
    "elsewhere, or a copy, put it back (docs/recovery.md).";
  if (options.delete === true && options.lostState !== true) {
    throw new Refusal(
      `${words} If all of them are lost for good, --lost-state removes all of the deployment that stands below, even ` +
        "though it may serve.",
    );
  }
  console.error(words);
}

function showList(things: readonly Thing[]): void {
  const { width } = screenOf(process.stderr, process.env);
  const rows = things.map(({ kind, id, name }) => [kind, id, name]);
  console.error(table([["KIND", "ID", "NAME"], ...rows], width));
}

function finish(
  config: Config,
  states: number,
  removals: readonly Removal[],
  { json = false }: OrphansOptions,
): number {
  if (json) {
    const report: OrphansReport = {
      deployment: config.name,
      states,
      orphans: removals.map(({ thing: { kind, id, name }, ...end }) => ({ kind, id, name, ...end })),
    };
    console.log(JSON.stringify(report, undefined, 2));
  } else {
    console.log(textOf(removals, config, states));
  }
  if (removals.some(({ problem }) => problem !== null)) {
    return exitCodes.failed;
  }
  return removals.some(({ removed }) => !removed) ? exitCodes.problems : exitCodes.fine;
}

function textOf(removals: readonly Removal[], config: Config, states: number): string {
  if (removals.length === 0) {
    return `Nothing of ${config.name} is orphaned.`;
  }
  const { width } = screenOf(process.stdout, process.env);
  const rows = removals.map(({ thing: { kind, id, name }, removed, problem }) => [
    kind,
    id,
    name,
    removed ? "removed" : (problem ?? "in no state"),
  ]);
  const left = removals.filter(({ removed }) => !removed);
  const advice = [
    ...(left.some(({ problem }) => problem !== null)
      ? ["DigitalOcean may take a minute to let go of what hangs together: run the same command again."]
      : left.length > 0
        ? ['"npx anywhere orphans --delete" removes them.']
        : []),
    ...(states > 0
      ? []
      : ["Services, cluster, roles and repositories are not looked for: docs/recovery.md removes them."]),
  ];
  return [table([["KIND", "ID", "NAME", "STATE"], ...rows], width), ...advice].join("\n\n");
}
