import type { Config } from "../../../config/schema";
import { reasonOf } from "../../aws/client";
import { confirm, refuseWithoutTerminal, type ApprovalOptions } from "../../commands/approval";
import { goOn } from "../../commands/carry-out";
import { prepare, type Deployment } from "../../commands/deployment";
import { DigitalOcean, digitalOceanToken } from "../../checks/digitalocean/api";
import { claimsOf } from "../../orphans/claims";
import { findAtAws } from "../../orphans/find-at-aws";
import { findAtDigitalOcean } from "../../orphans/find-at-digitalocean";
import { remove, type Removal } from "../../orphans/remove";
import { kinds, type Kind, type Thing } from "../../orphans/thing";
import { Refusal } from "../../refusals/refusal";
import { counted } from "../../report/counted";
import type { OrphansReport } from "../../report/schemas/orphans-report";
import { screenOf } from "../../report/screen";
import { table } from "../../report/table";
import type { JsonOptions } from "../options";
import { exitCodes } from "../exit-codes";

export interface OrphansOptions extends JsonOptions, ApprovalOptions {
  readonly delete?: boolean;
  /** Whether the user confirms that no state exists any more. */
  readonly lostState?: boolean;
}

/** Seconds for all calls to DigitalOcean. */
const patience = 300;

/** DigitalOcean doesn't delete them until it has noticed that nothing uses them any more. */
const releasedLate: readonly Kind[] = ["certificate", "VPC"];

/**
 * Finds resources in both clouds that carry the deployment's name and are in none of its states, and removes them on
 * request.
 *
 * @throws {Refusal} when a cloud or a state can't be read, or all states are missing and the user hasn't confirmed that
 * they are lost: then nothing is removed.
 */
export async function orphans(options: OrphansOptions): Promise<number> {
  const deleting = options.delete === true;
  if (deleting) {
    refuseWithoutTerminal(options, "the removal");
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
      await confirm(
        `Do you want to remove ${counted(orphaned.length, "resource")} of ${config.name} for good?`,
      );
    }
    // A deploy that was under way may have recorded some since.
    const claimed = (await claimsOf(deployment, orphaned)).has;
    const unclaimed = orphaned.filter((thing) => !claimed(thing));
    const removals = await remove(config, digitalOcean, unclaimed, (text) => {
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

/** A cloud's resources. @throws {Refusal} when it can't be queried. */
async function found(cloud: string, things: Promise<readonly Thing[]>): Promise<readonly Thing[]> {
  try {
    return await things;
  } catch (error) {
    throw error instanceof Refusal
      ? error
      : new Refusal(`${cloud} can't be queried (${reasonOf(error)}): nothing was removed.`);
  }
}

/** DigitalOcean's API, its deadline counted from this call; undefined where no resource can be ours. */
function atDigitalOcean({ sites }: Config): () => DigitalOcean | undefined {
  const { token } = digitalOceanToken(process.env) ?? {};
  if (token === undefined) {
    // The last site there may have left the configuration.
    if (Object.values(sites).some(({ kind }) => kind === "digitalocean")) {
      throw new Refusal("DigitalOcean can't be queried: set DIGITALOCEAN_TOKEN to an API token.");
    }
    console.error("Without DIGITALOCEAN_TOKEN, DigitalOcean is not searched.");
    return () => undefined;
  }
  return () => new DigitalOcean(token, process.env, AbortSignal.timeout(patience * 1000));
}

/** A wrong backend looks like lost states, and would make orphans of resources that serve. */
function warnOfLostStates({ environment }: Deployment, options: OrphansOptions): void {
  const { config, file } = environment;
  const words =
    `No state of ${config.name} is where ${file} says: every resource with its name counts as orphaned. If the ` +
    "states are elsewhere, or you have copies, put them back (docs/recovery.md).";
  if (options.delete === true && options.lostState !== true) {
    throw new Refusal(
      `${words} If all states are lost for good, --lost-state removes every resource that "npx anywhere orphans" lists, ` +
        "even if it still serves.",
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
    return `${config.name} has no orphaned resources.`;
  }
  const { width } = screenOf(process.stdout, process.env);
  const rows = removals.map(({ thing: { kind, id, name }, removed, problem }) => [
    kind,
    id,
    name,
    removed ? "removed" : (problem ?? "in no state"),
  ]);
  const left = removals.filter(({ removed }) => !removed);
  const failed = left.filter(({ problem }) => problem !== null);
  const later = "DigitalOcean may take a minute to release dependent resources: run the same command again.";
  const advice = [
    ...(failed.length > 0
      ? [failed.every(({ thing: { kind } }) => releasedLate.includes(kind)) ? later : goOn]
      : left.length > 0
        ? ['"npx anywhere orphans --delete" removes them.']
        : []),
    ...(states > 0
      ? []
      : [
          "Services, cluster, roles and repositories are not included: docs/recovery.md says how to remove them.",
        ]),
  ];
  return [table([["KIND", "ID", "NAME", "STATE"], ...rows], width), ...advice].join("\n\n");
}
