import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

/** A command to run to its end. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly variables: NodeJS.ProcessEnv;
  readonly folder: string;
  /** File that takes a copy of its output; none for output that holds secrets. */
  readonly log: string | undefined;
  /** Seconds that it may take. */
  readonly seconds: number;
  /** Receives each line of its standard output as it comes. */
  readonly told?: ((line: string) => void) | undefined;
}

/** How a command ended. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();
/** Milliseconds that interrupted commands may take to end. */
const patience = 20_000;

/** Interrupts all commands that run, and waits until they have ended. Those that take too long are killed. */
export async function endCommands(): Promise<void> {
  const ends = [...running].map((child) => once(child, "exit"));
  running.forEach((child) => child.kill("SIGTERM"));
  const timer = setTimeout(() => {
    running.forEach((child) => child.kill("SIGKILL"));
  }, patience);
  await Promise.all(ends);
  clearTimeout(timer);
}

/** Number of lines of output that are shown when a command fails. */
const shownLines = 40;

/** Runs a command and keeps its output, whatever its exit code. After its time it is killed, and its code is 137. */
export async function run({ program, args, variables, folder, log, seconds, told }: Command): Promise<Ended> {
  const file = log === undefined ? undefined : createWriteStream(log, { flags: "a" });
  const child = spawn(program, args, {
    cwd: folder,
    env: variables,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: seconds * 1000,
    killSignal: "SIGKILL",
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      file?.write(text);
    });
  }
  if (told !== undefined) {
    createInterface({ input: child.stdout }).on("line", told);
  }
  const [exitCode] = (await once(child, "close")) as [number | null];
  file?.end();
  return { exitCode: exitCode ?? 137, ...output };
}

/**
 * Runs a command that must succeed, and returns its standard output.
 * @throws Error with the end of its output
 */
export async function mustRun(command: Command): Promise<string> {
  const { exitCode, stdout, stderr } = await run(command);
  if (exitCode !== 0) {
    const lines = `${stdout}\n${stderr}`.trimEnd().split("\n").slice(-shownLines);
    throw new Error(
      `${command.program} ${command.args.join(" ")} ended with exit code ${exitCode}:\n${lines.join("\n")}${command.log === undefined ? "" : `\nAll of its output: ${command.log}`}`,
    );
  }
  return stdout;
}
