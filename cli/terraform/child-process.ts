import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { Redaction, type Secret } from "./redaction";

export interface Run {
  readonly command: string;
  readonly args: readonly string[];
  readonly variables: NodeJS.ProcessEnv;
  readonly folder?: string;
  /** Ends the process after this many seconds. Without it the process may take as long as it needs. */
  readonly seconds?: number;
}

/** How a process ended; after a signal the code is the one a shell reports. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stop signal came while a child process was running, which has ended since, or while the user was asked. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`Interrupted by ${signal}.`);
    this.name = "Interrupted";
    this.exitCode = shellCode(signal);
  }
}

/** Runs a process that the user sees and answers, but for these secrets, and returns its exit code. */
export async function show({
  secrets,
  ...run
}: Run & { readonly secrets: readonly Secret[] }): Promise<number> {
  if (secrets.length === 0) {
    return ended(start(run, "inherit"), run);
  }
  const child = start(run, ["inherit", "pipe", "pipe"]);
  const [exitCode] = await Promise.all([
    ended(child, run),
    passOnOutput(child.stdout, process.stdout, secrets),
    passOnOutput(child.stderr, process.stderr, secrets),
  ]);
  return exitCode;
}

/** Runs a process whose output is for the program. */
export async function capture(run: Run): Promise<Ended> {
  const child = start(run, ["ignore", "pipe", "pipe"]);
  const [exitCode, stdout, stderr] = await Promise.all([
    ended(child, run),
    read(child.stdout),
    read(child.stderr),
  ]);
  return { exitCode, stdout, stderr };
}

export const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

// A terminal sends its signals to the whole foreground group, so children there have theirs already. Without
// one a child gets a group of its own, so that a signal reaches it through here alone: Terraform takes a
// second one for an order to drop everything, and npm passes on what the group has received anyway.
const atTerminal = () => process.stdin.isTTY;

function start({ command, args, variables, folder }: Run, stdio: StdioOptions): ChildProcess {
  return spawn(command, args, {
    cwd: folder,
    env: variables,
    stdio,
    detached: !atTerminal(),
  });
}

/** @throws {Interrupted} once the child has ended, if this process was told to stop meanwhile. */
async function ended(child: ChildProcess, { seconds }: Run): Promise<number> {
  const received: NodeJS.Signals[] = [];
  const stop = (signal: NodeJS.Signals) => {
    if (received.push(signal) === 1) {
      passOn(signal, child);
    }
  };
  stopSignals.forEach((signal) => process.on(signal, stop));
  const end = () => {
    send("SIGKILL", child);
  };
  const bound = seconds === undefined ? undefined : setTimeout(end, seconds * 1000);
  try {
    const [exitCode, killedBy] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    const [signal] = received;
    if (signal !== undefined) {
      throw new Interrupted(signal);
    }
    return exitCode ?? shellCode(killedBy ?? "SIGKILL");
  } finally {
    clearTimeout(bound);
    stopSignals.forEach((signal) => process.off(signal, stop));
  }
}

function passOn(signal: NodeJS.Signals, child: ChildProcess): void {
  if (!atTerminal() || signal === "SIGTERM") {
    // What Terraform, its providers and its scripts end in good order on.
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

async function passOnOutput(
  output: NodeJS.ReadableStream | null,
  screen: NodeJS.WritableStream,
  secrets: readonly Secret[],
): Promise<void> {
  if (output !== null) {
    await pipeline(output, new Redaction(secrets), screen, { end: false });
  }
}

async function read(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream === null ? "" : text(stream);
}

function shellCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
