import type { Config } from "../../config/schema";
import { exitCodes } from "../desk/exit-codes";
import { keyOf, type NodeKey } from "../nodes/node-key";
import { screenOf } from "../report/screen";
import type { ServerEnd, ServersReport } from "../report/schemas/servers-report";
import { table } from "../report/table";
import { limitTo } from "../terraform/limit";
import { inventoryOf } from "./inventory";
import { runOverSsh } from "./over-ssh";
import type { ServerScript } from "./script";

/** A node, and its server's address for `ssh`; undefined where somebody pastes a line there. */
export interface Target {
  readonly node: NodeKey;
  readonly host?: string | undefined;
}

/** A server's outcome, without its name. */
export type End = Omit<ServerEnd, "node" | "host">;

/** How many servers are worked on at the same time: each is a process here. */
const atOnce = 16;

/** Works on servers in parallel; the results are in the order of the servers. */
export function sideBySide(
  targets: readonly Target[],
  work: (target: Target, index: number) => Promise<End>,
): Promise<readonly End[]> {
  const limit = limitTo(atOnce);
  return Promise.all(targets.map((target, index) => limit(() => work(target, index))));
}

/** Runs a script on a node's server. */
export async function onServer(
  node: NodeKey,
  host: string,
  script: ServerScript,
  several: boolean,
): Promise<End> {
  const { done, message } = await runOverSsh(host, script, { label: keyOf(node), several });
  return { state: done ? "done" : "failed", message, line: null };
}

/** Reports the outcome for servers, and which of them to try again. */
export function finishServers(
  config: Config,
  targets: readonly Target[],
  ends: readonly End[],
  { json = false }: { readonly json?: boolean },
): number {
  const servers = targets.flatMap(({ node, host = null }, index): ServerEnd[] => {
    const end = ends[index];
    return end === undefined ? [] : [{ node: keyOf(node), host, ...end }];
  });
  const failed = targets.filter((_, index) => ends[index]?.state === "failed");
  if (json) {
    const report: ServersReport = { deployment: config.name, servers };
    console.log(JSON.stringify(report, undefined, 2));
  } else {
    tell(servers);
    const again = failed.flatMap(({ node, host }) => (host === undefined ? [] : [{ node, host }]));
    if (again.length > 0 && targets.length > 1) {
      console.log(`\n# To try again, as a file for --inventory:\n${inventoryOf(again).trimEnd()}`);
    }
  }
  return failed.length > 0 ? exitCodes.failed : exitCodes.fine;
}

function tell(servers: readonly ServerEnd[]): void {
  const lines = servers.flatMap(({ line }) => line ?? []);
  if (lines.length === 1 && servers.length === 1) {
    console.error(`Paste this line into a shell on the server of ${servers[0]?.node ?? ""}:`);
    console.log(lines[0]);
    return;
  }
  const { width } = screenOf(process.stdout, process.env);
  const rows = servers.map(({ node, host, state, message }) => [node, host ?? "-", state, message]);
  console.log(table([["NODE", "SERVER", "STATE", "MESSAGE"], ...rows], width));
}
