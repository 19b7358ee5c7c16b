import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { Unanswered } from "../refusals/refusal";

export interface Run {
  readonly command: string;
  readonly args: readonly string[];
  readonly variables: NodeJS.ProcessEnv;
  readonly folder?: string;
  /** Its standard input; nothing by default. */
  readonly input?: string;
  /** Ends the process after this many seconds. Without it the process may take as long as it needs. */
  readonly seconds?: number;
}

/** A process's exit; after a signal the code is the one a shell reports. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stop signal came; every child process has ended since. */
export class Interrupted extends Error {
  readonly exitCode: number;

  /** @param progress lines with what was done and what wasn't. */
  constructor(signal: NodeJS.Signals, progress: readonly string[]) {
    super([...progress, `Interrupted by ${signal}.`].join("\n"));
    this.name = "Interrupted";
    this.exitCode = shellCode(signal);
  }
}

/** A program could not be started. */
export class NotStarted extends Unanswered {
  /** @param code the system's name of the error, such as `ENOENT`. */
  constructor(
    command: string,
    readonly code: string,
  ) {
    super(`${command} can't be run (${code}): install it, or add its folder to PATH.`);
    this.name = "NotStarted";
  }
}

const running = new Set<ChildProcess>();
let received: NodeJS.Signals | undefined;
/** Whether Ctrl-C is for a process that has the terminal to itself. */
let isLent = false;
const isInterrupted = () => received !== undefined;
let reportInterruption: (reason: Interrupted) => void;
const interruption = new Promise<never>((_, reject) => {
  reportInterruption = reject;
});
// Whether or not it is awaited.
interruption.catch(() => undefined);

/**
 * From now on passes the first stop signal to all child processes, and starts no more.
 *
 * @throws {Interrupted} once such a signal has come and all of them have ended; never returns.
 */
export function untilInterrupted(): Promise<never> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (received === undefined && !(isLent && signal === "SIGINT")) {
        received = signal;
        running.forEach((child) => {
          passOn(signal, child);
        });
        endIfInterrupted();
      }
    });
  }
  return interruption;
}

function endIfInterrupted(): void {
  if (received !== undefined && running.size === 0) {
    reportInterruption(
      new Interrupted(
        received,
        [...underWay].flatMap((progress) => progress()),
      ),
    );
  }
}

const underWay = new Set<() => readonly string[]>();

/** Waits for work; if an interruption ends it first, tells the user how far it got. */
export async function withProgress<T>(progress: () => readonly string[], work: Promise<T>): Promise<T> {
  underWay.add(progress);
  try {
    return await work;
  } finally {
    underWay.delete(progress);
  }
}

/**
 * Runs a process whose output the user sees, each line as soon as it is complete and as `shown` renders it.
 *
 * @param screen where its output goes; its errors go to standard error.
 */
export async function show(
  run: Run,
  shown: (line: string) => string,
  screen: NodeJS.WritableStream = process.stdout,
): Promise<number> {
  const passOnLines = async (output: NodeJS.ReadableStream, to: NodeJS.WritableStream) => {
    for await (const line of createInterface({ input: output, crlfDelay: Infinity })) {
      to.write(`${shown(line)}\n`);
    }
  };
  const { end } = await runWith(run, piped, ({ stdout, stderr }) =>
    Promise.all([passOnLines(stdout, screen), passOnLines(stderr, process.stderr)]),
  );
  return end;
}

/** Runs a process whose output is for the program. */
export async function capture(run: Run): Promise<Ended> {
  const { end, read } = await runWith(run, piped, ({ stdout, stderr }) =>
    Promise.all([text(stdout), text(stderr)]),
  );
  const [stdout, stderr] = read;
  return { exitCode: end, stdout, stderr };
}

/** Runs a process that has the user's terminal, or its substitute, to itself, Ctrl-C included. */
export async function attach(run: Run): Promise<number> {
  isLent = atTerminal();
  try {
    const { end } = await runWith(run, attached, () => Promise.resolve());
    return end;
  } finally {
    isLent = false;
  }
}

// A terminal sends its signals to the whole foreground group, so children there have theirs already. Without one a
// child gets its own group, so that a signal reaches it only through here: Terraform takes a second one for an order to
// drop everything, and npm passes on what the group has received anyway.
const atTerminal = () => process.stdin.isTTY;

const settingsOf = ({ folder, variables }: Run) => ({
  cwd: folder,
  env: variables,
  detached: !atTerminal(),
});

const attached = (run: Run): ChildProcess =>
  spawn(run.command, run.args, { ...settingsOf(run), stdio: "inherit" });

// Several may run, and only one could be answered: none of them asks, and each reads what it is given. A pipe of Node's
// is a socket, at which bash may read ~/.bashrc.
const piped = (run: Run): ChildProcessByStdio<Writable | null, Readable, Readable> =>
  run.input === undefined
    ? spawn(run.command, run.args, { ...settingsOf(run), stdio: ["ignore", "pipe", "pipe"] })
    : spawn(run.command, run.args, { ...settingsOf(run), stdio: ["pipe", "pipe", "pipe"] });

/** Runs a process while something is done with its output. @throws {NotStarted} */
async function runWith<C extends ChildProcess, T>(
  run: Run,
  start: (run: Run) => C,
  use: (child: C) => Promise<T>,
): Promise<{ readonly end: number; readonly read: T }> {
  if (isInterrupted()) {
    return interruption;
  }
  const { input, seconds } = run;
  const child = start(run);
  // It may end before it has read everything.
  child.stdin?.on("error", () => undefined).end(input);
  running.add(child);
  const kill = () => {
    send("SIGKILL", child);
  };
  const bound = seconds === undefined ? undefined : setTimeout(kill, seconds * 1000);
  try {
    const [closed, read] = await Promise.all([once(child, "close"), use(child)]);
    const [exitCode, killedBy] = closed as [number | null, NodeJS.Signals | null];
    if (!isInterrupted()) {
      return { end: exitCode ?? shellCode(killedBy ?? "SIGKILL"), read };
    }
  } catch (error) {
    const { syscall = "", code = "" } = error as NodeJS.ErrnoException;
    throw syscall.startsWith("spawn") ? new NotStarted(run.command, code) : error;
  } finally {
    clearTimeout(bound);
    running.delete(child);
    endIfInterrupted();
  }
  return interruption;
}

function passOn(signal: NodeJS.Signals, child: ChildProcess): void {
  if (!atTerminal() || signal === "SIGTERM") {
    // Terraform, its providers and its scripts all shut down cleanly on it.
    send("SIGINT", child);
  }
}

/** To the child, and to its own children when it has a process group of its own. */
function send(signal: NodeJS.Signals, { pid, exitCode, signalCode }: ChildProcess): void {
  // Once it has ended, the number may be another process's.
  if (pid !== undefined && exitCode === null && signalCode === null) {
    process.kill(atTerminal() ? pid : -pid, signal);
  }
}

function shellCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
