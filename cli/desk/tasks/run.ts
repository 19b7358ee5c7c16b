import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { ECSClient, Task } from "@aws-sdk/client-ecs";
import { setTimeout as pause } from "node:timers/promises";
import { namesOf } from "../../../config/names";
import type { Config } from "../../../config/schema";
import { reasonOf } from "../../aws/client";
import { announceEnvironment } from "../../commands/deployment";
import { nodeOf } from "../../fleet/node-instance";
import { oneOffOf } from "../../fleet/one-off";
import { patientAttempts, withCluster } from "../../fleet/sources/cluster";
import { containerInstancesOf, describeTasks } from "../../fleet/sources/ecs";
import { freshLines, lookInterval, withLogs, type LogLine } from "../../fleet/sources/logs";
import { startTasks } from "../../fleet/sources/run-tasks";
import { watchTasks } from "../../fleet/sources/watched-tasks";
import { idOf, taskFrom } from "../../fleet/tasks";
import { Refusal } from "../../refusals/refusal";
import { logPrinter } from "../../report/log-printer";
import type { RunReport } from "../../report/schemas/run-report";
import type { JsonOptions } from "../options";
import { exitCodes } from "../exit-codes";

export interface RunOptions extends JsonOptions {
  /** How many tasks; one by default. */
  readonly count?: number;
  /** Site to run at; required for a service at several sites. */
  readonly site?: string;
  /** MiB for each task; by default as for the service's or job's own. */
  readonly memory?: number;
  /** Whether to show their output until they end. */
  readonly wait?: boolean;
}

/** Milliseconds that clocks of nodes may be behind this machine's. */
const clockSkew = 300_000;

/** Number of looks for late lines after the last task's end. */
const lateLooks = 3;

/**
 * Runs a command in its own task, with the deployed image, settings and permissions of a service or job; without a
 * command, a job as its schedule would.
 *
 * @returns with `wait` the command's exit code; of several tasks, the first that isn't 0.
 * @throws {Refusal} when there is no such service, job or site, or no room.
 */
export async function run(name: string, command: readonly string[], options: RunOptions): Promise<number> {
  const { config } = announceEnvironment(process.env);
  const { count = 1, memory, site, wait = false } = options;
  const oneOff = oneOffOf(config, name, site);
  if (command.length === 0 && !oneOff.isJob) {
    throw new Refusal(`Say what to run in ${name}: npx anywhere run ${name} -- node migrate.js`);
  }
  const runIn = async (client: ECSClient, cluster: string): Promise<number> => {
    const since = Date.now() - clockSkew;
    const started = await startTasks(client, { ...oneOff, cluster, count, command, memory });
    // They run, whether or not ECS says where.
    const nodes = await nodesOf(client, cluster).catch(() => new Map<string, string>());
    const places = started.map((task) => ({
      task,
      node: nodes.get(task.containerInstanceArn ?? "") ?? null,
    }));
    for (const { task, node } of places) {
      console.error(`task ${idOf(task.taskArn)} of ${name} starts on ${node ?? oneOff.site}`);
    }
    if (!wait) {
      console.error(
        `"npx anywhere logs ${name} --follow" shows its output, "npx anywhere events ${name}" how it ended.`,
      );
      report(name, config, places, options);
      return exitCodes.fine;
    }
    console.error("Ctrl-C leaves it running.");
    const following = follow({ client, cluster, config, name, since, started }, options);
    const ended = await following.catch((error: unknown) => {
      throw new Refusal(
        `The tasks can no longer be followed (${reasonOf(error)}), but they continue. "npx anywhere events ${name}" ` +
          "shows how they end: check that before you run the command again.",
      );
    });
    const ends = places.map(({ task, node }) => ({
      task: ended.find(({ taskArn }) => taskArn === task.taskArn) ?? task,
      node,
    }));
    report(name, config, ends, options);
    return exitCodeOf(ends.map(({ task }) => task));
  };
  return withCluster(config, runIn, { maxAttempts: patientAttempts });
}

/** Names of nodes, as site/node, by ARNs of their container instances. */
async function nodesOf(client: ECSClient, cluster: string): Promise<ReadonlyMap<string, string>> {
  const instances = await containerInstancesOf(client, cluster);
  return new Map(
    instances.flatMap((one) => {
      const node = nodeOf(one);
      return node === undefined ? [] : [[one.containerInstanceArn ?? "", node] as const];
    }),
  );
}

interface Followed {
  readonly client: ECSClient;
  readonly cluster: string;
  readonly config: Config;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly started: readonly Task[];
}

/** Shows the tasks' output until all of them have stopped, and returns the tasks. */
async function follow(
  { client, cluster, config, name, since, started }: Followed,
  { json = false }: RunOptions,
): Promise<readonly Task[]> {
  const arns = started.map(({ taskArn = "" }) => taskArn);
  const ids = arns.map(idOf);
  const print = printer(started.length, json);
  const watch = watchTasks(() => describeTasks(client, cluster, arns), arns);
  const followIn = async (logs: CloudWatchLogsClient): Promise<readonly Task[]> => {
    const look = freshLines(logs, namesOf(config).logs(name), since);
    for (let looksLeft = lateLooks; ;) {
      const { tasks, over } = await watch();
      const own = (await look()).filter(({ task }) => ids.includes(task));
      own.forEach(print);
      looksLeft = over ? looksLeft - 1 : lateLooks;
      if (looksLeft <= 0) {
        return tasks;
      }
      await pause(lookInterval * 1000);
    }
  };
  return withLogs(config, followIn, { maxAttempts: patientAttempts });
}

/** A single task's output is passed on unchanged; with JSON it is kept out of that. */
function printer(count: number, json: boolean): (line: LogLine) => void {
  if (json) {
    return ({ message }) => {
      console.error(message);
    };
  }
  return count > 1
    ? logPrinter({})
    : ({ message }) => {
        console.log(message);
      };
}

/** Exit code of the command; 1 if it never ran. */
function exitCodeOf(tasks: readonly Task[]): number {
  const codes = tasks.map((task) => taskFrom(task, new Map()).exitCode ?? exitCodes.failed);
  return codes.find((code) => code !== 0) ?? exitCodes.fine;
}

interface Placed {
  readonly task: Task;
  readonly node: string | null;
}

function report(
  of: string,
  { name: deployment }: Config,
  places: readonly Placed[],
  { json = false, wait = false }: RunOptions,
): void {
  const tasks = places.map(({ task, node }): RunReport["tasks"][number] => {
    const { id, status, exitCode, reason } = taskFrom(task, new Map());
    return { id, node, status, exitCode, reason };
  });
  if (json) {
    console.log(JSON.stringify({ deployment, of, tasks } satisfies RunReport, undefined, 2));
  } else if (wait) {
    for (const { id, exitCode, reason } of tasks) {
      const end = exitCode === null ? "never ran" : `ended with code ${exitCode}`;
      console.error(`task ${id} ${end}${reason === null || exitCode === 0 ? "" : `: ${reason}`}`);
    }
  } else {
    tasks.forEach(({ id }) => {
      console.log(id);
    });
  }
}
