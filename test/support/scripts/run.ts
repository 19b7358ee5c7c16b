import { spawn } from "node:child_process";
import { join } from "node:path";

const project = join(__dirname, "../../..");

/** How a script ended, and what it printed to both streams. */
export interface Ended {
  readonly status: number | null;
  readonly output: string;
  /** Milliseconds. */
  readonly took: number;
}

/** A script that is being run. */
export interface Running {
  readonly ended: Promise<Ended>;
  /** Ends the script and what it has started at once, as a crash does. */
  readonly kill: () => void;
  /** Sends a signal to the script and what it has started, as a terminal does, or to the script alone. */
  readonly signal: (name: NodeJS.Signals, whom: "all" | "script") => void;
}

/** Starts a bash script with exactly this environment, in the project's folder; ends it after that many seconds. */
export function startScript(
  file: string,
  environment: Readonly<Record<string, string>>,
  seconds = 240,
): Running {
  const begun = Date.now();
  // A process group of its own, so that what it has started ends with it.
  // One pipe for both streams, as with Terraform's provisioners: two would mix their lines.
  const child = spawn("bash", ["-c", 'exec bash "$0" 2>&1', file], {
    cwd: project,
    env: environment,
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const signal: Running["signal"] = (name, whom) => {
    if (child.pid !== undefined && child.exitCode === null) {
      process.kill(whom === "all" ? -child.pid : child.pid, name);
    }
  };
  const kill = () => {
    signal("SIGKILL", "all");
  };
  const limit = setTimeout(kill, seconds * 1000);
  process.once("exit", kill);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(limit);
      process.off("exit", kill);
      resolve({ status, output: Buffer.concat(chunks).toString(), took: Date.now() - begun });
    });
  });
  return { ended, kill, signal };
}
