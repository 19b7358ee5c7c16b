import { spawn } from "node:child_process";
import type { Assignment } from "../../../machines";
import type { Stop } from "../repetition";

export type Health = "UNKNOWN" | "HEALTHY" | "UNHEALTHY";
type HealthCheck = NonNullable<Assignment["container"]["healthCheck"]>;

/** Where and with what a container's programs run. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Probes a container as Docker does: the first time after one interval; a success counts at once; failures
 * count from the end of the start period or from the first success, and `retries` in a row are unhealthy.
 * Source: Dockerfile reference, HEALTHCHECK.
 */
export function watchHealth(
  check: HealthCheck,
  surroundings: Surroundings,
  changed: (health: Health) => void,
): Stop {
  if (!["CMD", "CMD-SHELL"].includes(check.command[0] ?? "") || (check.command[1] ?? "") === "") {
    throw new Error(
      `a health check must be ["CMD", program, …] or ["CMD-SHELL", line] (got ${check.command.join(" ")})`,
    );
  }
  const startedAt = Date.now();
  let counting = false;
  let failures = 0;
  let stopped = false;
  let timer: NodeJS.Timeout;

  const judge = (success: boolean): void => {
    counting ||= success || Date.now() - startedAt >= check.startPeriod * 1000;
    failures = success || !counting ? 0 : failures + 1;
    if (success) {
      changed("HEALTHY");
    } else if (failures >= check.retries) {
      changed("UNHEALTHY");
    }
  };
  const next = (): void => {
    timer = setTimeout(() => {
      void probe(check, surroundings).then((success) => {
        if (!stopped) {
          judge(success);
          next();
        }
      });
    }, check.interval * 1000);
  };
  next();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** True when the command ends with 0 in time. */
function probe({ command, timeout }: HealthCheck, { cwd, env }: Surroundings): Promise<boolean> {
  const [form, ...rest] = command;
  const [program = "", ...parameters] = form === "CMD-SHELL" ? ["/bin/sh", "-c", ...rest] : rest;
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { cwd, env, stdio: "ignore", detached: true });
    const timer = setTimeout(() => {
      killGroup(child.pid);
    }, timeout * 1000);
    const done = (success: boolean): void => {
      clearTimeout(timer);
      resolve(success);
    };
    child.on("error", () => {
      done(false);
    });
    child.on("exit", (code) => {
      done(code === 0);
    });
  });
}

/** Ends a process that leads a group, and all of its group. Gone already is success. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) {
      throw error;
    }
  }
}
