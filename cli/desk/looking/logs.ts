import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { setTimeout as pause } from "node:timers/promises";
import { namesOf } from "../../../config/names";
import type { Config } from "../../../config/schema";
import { announceEnvironment } from "../../commands/deployment";
import { patientAttempts, withCluster } from "../../fleet/sources/cluster";
import { listTasks } from "../../fleet/sources/ecs";
import { freshLines, lookInterval, withLogs, type LogLine } from "../../fleet/sources/logs";
import { familiesAt, idOf } from "../../fleet/tasks";
import { allNodes, keyOf } from "../../nodes/node-key";
import { Refusal } from "../../refusals/refusal";
import { unknownName } from "../../refusals/unknown-name";
import { logPrinter } from "../../report/log-printer";
import { hasReader } from "../../report/screen";
import { bootstrapLog, showBootstrapLog } from "../../servers/bootstrap-log";
import type { JsonOptions } from "../options";
import { exitCodes } from "../exit-codes";

export interface LogsOptions extends JsonOptions {
  /** Whether to keep following new output. */
  readonly follow?: boolean;
  /** Minutes back; an hour by default. */
  readonly since?: number;
  /** Only tasks of this site. */
  readonly site?: string;
  /** Address of a node's machine, as an argument for `ssh`. */
  readonly ssh?: string;
}

/**
 * Shows the merged output of all tasks of a service or a job, or the bootstrap log of a node.
 *
 * @throws {Refusal} when there is no such service, job, node or site, or an option doesn't apply to it.
 */
export async function logs(name: string, options: LogsOptions): Promise<number> {
  const { config } = announceEnvironment(process.env);
  const { follow = false, since = 60, site, ssh } = options;
  const node = allNodes(config).find((one) => keyOf(one) === name);
  if (node !== undefined) {
    refuseIdle("a node", { "--since": options.since, "--site": site, "--json": options.json });
    const exitCode = await showBootstrapLog(reachableAt(name, ssh), follow);
    return exitCode === 0 ? exitCodes.fine : exitCodes.failed;
  }
  refuseUnknown(config, name, site);
  refuseIdle("a service or a job", { "--ssh": ssh });
  const group = namesOf(config).logs(name);
  const ofSite = site === undefined ? undefined : siteFilter(config, name, site);
  const print = logPrinter(options);
  const isRead = hasReader(process.stdout);
  const read = async (client: CloudWatchLogsClient): Promise<void> => {
    const look = freshLines(client, group, Date.now() - since * 60_000);
    for (;;) {
      const fresh = await look();
      (ofSite === undefined ? fresh : await ofSite(fresh)).forEach(print);
      if (!follow || !isRead()) {
        return;
      }
      await pause(lookInterval * 1000);
    }
  };
  await withLogs(config, read, { maxAttempts: patientAttempts });
  return exitCodes.fine;
}

/** @throws {Refusal} for options, by their names, that don't apply to such a log. */
function refuseIdle(of: string, options: Readonly<Record<string, unknown>>): void {
  const lines = Object.keys(options)
    .filter((name) => options[name] !== undefined)
    .map((name) => `${name} has no effect on the log of ${of}: leave it out.`);
  if (lines.length > 0) {
    throw new Refusal(lines.join("\n"));
  }
}

function refuseUnknown(config: Config, name: string, site: string | undefined): void {
  const known = [...Object.keys(config.services), ...Object.keys(config.jobs)];
  if (!known.includes(name)) {
    throw new Refusal(
      unknownName("service, job or node", [name], [...known, ...allNodes(config).map(keyOf)]),
    );
  }
  const sites = Object.keys(config.sites);
  if (site !== undefined && !sites.includes(site)) {
    throw new Refusal(unknownName("site", [site], sites));
  }
}

/** @throws {Refusal} without the address of a node's machine, the only place with its log. */
function reachableAt(node: string, host: string | undefined): string {
  if (host === undefined) {
    throw new Refusal(
      `The log of ${node} is only on its machine, in ${bootstrapLog}: add --ssh user@host (a droplet lets you in with ` +
        "the site's ssh.keys and ssh.allowFrom), or read it at the machine's console.",
    );
  }
  return host;
}

/** Keeps only the lines of a site's tasks. ECS knows tasks that run or that stopped within the past hour. */
function siteFilter(
  config: Config,
  name: string,
  site: string,
): (lines: readonly LogLine[]) => Promise<readonly LogLine[]> {
  if (name in config.jobs) {
    return (lines) => Promise.resolve(config.jobs[name]?.site === site ? lines : []);
  }
  const families = familiesAt(config, name, site);
  const asked = new Set<string>();
  let own: readonly string[] = [];
  return async (lines) => {
    const unknown = lines.filter(({ task }) => !asked.has(task));
    if (unknown.length > 0) {
      unknown.forEach(({ task }) => asked.add(task));
      own = [...own, ...(await idsOf(config, families))];
    }
    return lines.filter(({ task }) => own.includes(task));
  };
}

async function idsOf(config: Config, families: readonly string[]): Promise<string[]> {
  const statuses = ["RUNNING", "STOPPED"] as const;
  const which = families.flatMap((family) => statuses.map((desiredStatus) => ({ family, desiredStatus })));
  const arns = await withCluster(
    config,
    (client, cluster) => Promise.all(which.map((one) => listTasks(client, { cluster, ...one }))),
    { maxAttempts: patientAttempts },
  );
  return arns.flat().map(idOf);
}
