import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** A process, distinguished from a later one with the same number, and from one on another machine. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When it was started, in the system's own form; only for comparison with itself. */
  readonly started: string;
}

interface Running {
  readonly parent: number;
  readonly started: string;
  readonly program: string;
}

/** Undefined when no such process runs. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const running = look(pid);
  return running === undefined ? undefined : { pid, host: hostname(), started: running.started };
}

/** Whether it still runs; undefined when that is unknown, since it is on another machine. */
export function runs({ pid, host, started }: ProcessIdentity): boolean | undefined {
  return host === hostname() ? look(pid)?.started === started : undefined;
}

/** The process that has started this one, past the shells between the two. */
export function callerIdentity(): ProcessIdentity | undefined {
  let pid = process.ppid;
  for (let running = look(pid); running !== undefined; running = look(pid)) {
    if (!/^-?(ba|da|a|z|k|c|fi)?sh$/.test(running.program)) {
      return identityOf(pid);
    }
    pid = running.parent;
  }
  return undefined;
}

function look(pid: number): Running | undefined {
  return process.platform === "linux" ? lookInProc(pid) : askPs(pid);
}

function lookInProc(pid: number): Running | undefined {
  try {
    // Source: proc_pid_stat(5). The program's name is in parentheses and may contain anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [program, rest] = [
      stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
      stat.lastIndexOf(")") + 2,
    ];
    const fields = stat.slice(rest).split(" ");
    // A zombie has ended.
    return fields[0] === "Z" ? undefined : { parent: Number(fields[1]), started: fields[19] ?? "", program };
  } catch {
    return undefined;
  }
}

function askPs(pid: number): Running | undefined {
  try {
    const line = execFileSync("ps", ["-o", "ppid=,lstart=,comm=", "-p", String(pid)], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [, parent, started, program = ""] = /^\s*(\d+)\s+((?:\S+\s+){4}\S+)\s+(.*\S)/.exec(line) ?? [];
    return started === undefined
      ? undefined
      : { parent: Number(parent), started, program: program.replace(/^.*\//, "") };
  } catch {
    return undefined;
  }
}
