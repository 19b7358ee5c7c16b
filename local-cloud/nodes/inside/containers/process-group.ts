import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { constants } from "node:os";

/** True when a program exits with 0 within this many milliseconds. */
export function succeeds(
  [program = "", ...parameters]: readonly string[],
  options: SpawnOptions,
  timeout: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, {
      ...options,
      stdio: "ignore",
      detached: true,
    });
    const timer = setTimeout(() => killGroup(child.pid), timeout);
    const done = (success: boolean): void => {
      clearTimeout(timer);
      resolve(success);
    };
    child.on("error", () => done(false));
    child.on("exit", (code) => done(code === 0));
  });
}

/** Resolves with a child's exit code, as a shell reports it. */
export function exitCodeOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}

/** Ends the leader of a process group, and its whole group. Succeeds if it is gone already. */
export function killGroup(pid: number | undefined): void {
  if (pid !== undefined) {
    sendSignal(-pid, "SIGKILL");
  }
}

/** Succeeds if it is gone already. */
export function sendSignal(pid: number, signal: string): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) {
      throw error;
    }
  }
}
