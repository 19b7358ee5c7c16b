import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { constants } from "node:os";
import type { Command, Ended } from "../../../demo/command";

/** A command that is running, with all that it has started, in a process group of its own. */
export interface RunningCommand {
  readonly ended: Promise<Ended>;
  /** Id of the group. */
  readonly group: number;
  /** Its output so far on both streams. */
  printed(): string;
  /** Sends a signal to the whole group, as a terminal does on Ctrl-C. */
  signal(signal: NodeJS.Signals): void;
}

/** Starts a command, for tests that interrupt it. It ends with this process, at the latest. */
export function startCommand({ program, args, variables, folder, log, seconds }: Command): RunningCommand {
  const child = spawn(program, args, {
    cwd: folder,
    env: variables,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const group = child.pid;
  if (group === undefined) {
    throw new Error(`${program} can't be started`);
  }
  const signal = (name: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null) {
      process.kill(-group, name);
    }
  };
  const kill = (): void => {
    signal("SIGKILL");
  };
  const limit = setTimeout(kill, seconds * 1000);
  process.once("exit", kill);
  const file = log === undefined ? undefined : createWriteStream(log, { flags: "a" });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      file?.write(text);
    });
  }
  const end = async (): Promise<Ended> => {
    const [exitCode, killedBy] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    clearTimeout(limit);
    process.off("exit", kill);
    file?.end();
    // After a signal, the one that a shell reports.
    return { exitCode: exitCode ?? 128 + constants.signals[killedBy ?? "SIGKILL"], ...output };
  };
  return { ended: end(), group, printed: () => output.stdout + output.stderr, signal };
}
