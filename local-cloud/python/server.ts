import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Python } from "./environment";

/** A Python program to serve. */
export interface PythonProgram {
  /** For people. */
  readonly name: string;
  readonly script: string;
  readonly args?: readonly string[];
  /** In addition to PATH and LANG. */
  readonly environment?: Readonly<Record<string, string>>;
  /** File that takes its messages. */
  readonly log: string;
}

/** A Python program that serves. */
export interface PythonServer {
  /** Its first line of output. */
  readonly firstLine: string;
  /** Ends it. */
  close(): Promise<void>;
}

/** Seconds until it must have printed its first line. */
const startTimeout = 60;

/**
 * Starts a Python program, which prints a line once it serves and ends when its standard input does: so it ends with
 * this process, even when that crashes.
 * @throws Error when it does not serve within 60 s
 */
export async function startPythonServer({ python }: Python, program: PythonProgram): Promise<PythonServer> {
  const { name, script, args = [], environment, log } = program;
  const child = spawn(python, ["-I", script, ...args], {
    env: { PATH: process.env["PATH"], LANG: "C.UTF-8", ...environment },
  });
  child.stderr.pipe(createWriteStream(log, { flags: "a" }));
  const closed = once(child, "close");
  const deadline = setTimeout(() => child.kill(), startTimeout * 1000);
  const line = once(createInterface(child.stdout), "line").then(([first]) => String(first));
  const firstLine = await Promise.race([line, closed.then(() => undefined)]);
  clearTimeout(deadline);
  if (firstLine === undefined) {
    throw new Error(`${name} did not start within ${startTimeout} s: see ${log}`);
  }
  return {
    firstLine,
    close: async () => {
      child.kill();
      await closed;
    },
  };
}
