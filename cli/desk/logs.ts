import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { setTimeout as pause } from "node:timers/promises";
import { namesOf } from "../../config/names";
import type { Config } from "../../config/schema";
import { announceEnvironment } from "../commands/deployment";
import { withCluster } from "../fleet/sources/cluster";
import { listTasks } from "../fleet/sources/ecs";
import { linesSince, withLogs, type LogLine } from "../fleet/sources/logs";
import { idOf } from "../fleet/tasks";
import { allNodes, keyOf } from "../nodes/node-key";
import { Refusal } from "../refusals/refusal";
import { unknownName } from "../refusals/unknown-name";
import { screenOf } from "../report/screen";
import type { JsonOptions } from "./events";
import { exitCodes } from "./exit-codes";

export interface LogsOptions extends JsonOptions {
  /** Whether to go on with what is printed from now on. */
  readonly follow?: boolean;
  /** Minutes back; an hour when left out. */
  readonly since?: number;
  /** Only tasks of this site. */
  readonly site?: string;
}

/** Seconds between two looks. Source: Amazon CloudWatch Logs API Reference, quota of FilterLogEvents. */
const interval = 2;

/** A line may reach CloudWatch Logs later than one that was printed after it: so far back each look begins. */
const overlap = 30_000;

/**
 * Shows what the tasks of a service or a job have printed, wherever they run, in one.
 *
 * @throws {Refusal} when there is no such service, job or site.
 */
export async function logs(name: string, options: LogsOptions): Promise<number> {
  const { config } = announceEnvironment(process.env);
  const { follow = false, since = 60, site } = options;
  refuseUnknown(config, name, site);
  const group = namesOf(config).logs(name);
  const ofSite = site === undefined ? undefined : siteFilter(config, name, site);
  const print = printer(options);
  await withLogs(config, async (client) => {
    const shown = new Map<string, number>();
    let start = Date.now() - since * 60_000;
    for (;;) {
      const all = await existing(client, group, start);
      const fresh = all.filter(({ id }) => !shown.has(id));
      fresh.forEach(({ id, at }) => shown.set(id, at));
      (ofSite === undefined ? fresh : await ofSite(fresh)).forEach(print);
      if (!follow) {
        return;
      }
      start = Math.max(start, (all.at(-1)?.at ?? 0) - overlap);
      shown.forEach((at, id) => at < start && shown.delete(id));
      await pause(interval * 1000);
    }
  });
  return exitCodes.fine;
}

function refuseUnknown(config: Config, name: string, site: string | undefined): void {
  const known = [...Object.keys(config.services), ...Object.keys(config.jobs)];
  const node = allNodes(config).find((one) => keyOf(one) === name || one.node === name);
  if (!known.includes(name) && node !== undefined) {
    throw new Refusal(
      `${keyOf(node)} is a node, and its bootstrap's log stays there: read /var/log/anywhere-bootstrap.log on it, by ` +
        "SSH or at its console.",
    );
  }
  if (!known.includes(name)) {
    throw new Refusal(unknownName("service or job", [name], known));
  }
  const sites = Object.keys(config.sites);
  if (site !== undefined && !sites.includes(site)) {
    throw new Refusal(unknownName("site", [site], sites));
  }
}

/** Without a log group nothing has been printed yet. */
async function existing(client: CloudWatchLogsClient, group: string, start: number): Promise<LogLine[]> {
  try {
    return await linesSince(client, group, start);
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") {
      throw new Refusal(`There is no log group ${group}: deploy control-plane first.`);
    }
    throw error;
  }
}

/** Leaves the lines of a site's tasks. ECS knows those that run, and those that have stopped within the hour. */
function siteFilter(
  config: Config,
  name: string,
  site: string,
): (lines: readonly LogLine[]) => Promise<readonly LogLine[]> {
  if (name in config.jobs) {
    return (lines) => Promise.resolve(config.jobs[name]?.site === site ? lines : []);
  }
  const family = namesOf(config).family(name, site);
  const asked = new Set<string>();
  let own: readonly string[] = [];
  return async (lines) => {
    const unknown = lines.filter(({ task }) => !asked.has(task));
    if (unknown.length > 0) {
      unknown.forEach(({ task }) => asked.add(task));
      own = [...own, ...(await idsOf(config, family))];
    }
    return lines.filter(({ task }) => own.includes(task));
  };
}

async function idsOf(config: Config, family: string): Promise<string[]> {
  const statuses = ["RUNNING", "STOPPED"] as const;
  const arns = await withCluster(config, (client, cluster) =>
    Promise.all(statuses.map((desiredStatus) => listTasks(client, { cluster, family, desiredStatus }))),
  );
  return arns.flat().map(idOf);
}

function printer({ json = false }: LogsOptions): (line: LogLine) => void {
  const { paints } = screenOf(process.stdout, process.env);
  const tasks: string[] = [];
  return ({ id, ...line }) => {
    if (json) {
      console.log(JSON.stringify({ id, ...line, at: new Date(line.at).toISOString() }));
      return;
    }
    if (!tasks.includes(line.task)) {
      tasks.push(line.task);
    }
    const paint = paints[tasks.indexOf(line.task) % paints.length] ?? String;
    const time = new Date(line.at).toISOString().slice(11, 19);
    console.log(`${time} ${paint(`${line.task.slice(0, 8)} ${line.container}`)} ${line.message}`);
  };
}
