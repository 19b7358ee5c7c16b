import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { adminClient, type AdminClient } from "./admin/admin-client";
import { processEnvironment } from "./environment";
import type { Ready } from "./ready";

/** Options of {@link startLocalCloud}. */
export interface LocalCloudOptions {
  /** Folder for everything that it writes. */
  readonly directory: string;
  /** Further arguments of its command line, such as `--providers stand-in`. */
  readonly args?: readonly string[];
  /** File descriptor or stream that takes its output. @default that of this process */
  readonly output?: number | "inherit" | "ignore";
}

/** A local cloud that runs in its own process, for as long as this one. */
export interface LocalCloud extends Ready {
  /** The whole environment for commands that work against it. */
  readonly variables: NodeJS.ProcessEnv;
  readonly admin: AdminClient;
  readonly process: ChildProcess;
  /** Ends it and all its children, within 30 s. */
  stop(): Promise<void>;
}

/** Seconds until it must be ready; the first time it makes a virtual environment. */
const readyTimeout = 660;
const stopTimeout = 30;

/**
 * Starts a local cloud and waits until it is ready.
 * @throws Error with its own reason when it isn't
 */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const { directory, args = [], output = "inherit" } = options;
  const child = spawn(
    process.execPath,
    [join(__dirname, "run.js"), "local-cloud/serve.ts", "--directory", directory, ...args],
    // It ends when the channel to this process does. Linux shares the processor among sessions first: as one of many
    // processes of this one, beside machines that each have their own, the clouds would stand still for seconds.
    { detached: true, stdio: ["ignore", output, output, "ipc"] },
  );
  const deadline = setTimeout(() => child.kill("SIGKILL"), readyTimeout * 1000);
  const [message] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => [undefined]),
  ])) as [Ready | { readonly failure: string } | undefined];
  clearTimeout(deadline);
  if (message === undefined || "failure" in message) {
    throw new Error(message?.failure ?? `The local cloud ended before it was ready: see ${directory}/logs`);
  }
  return {
    ...message,
    variables: processEnvironment(message.environment),
    admin: adminClient(message.adminEndpoint),
    process: child,
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const deadline = setTimeout(() => child.kill("SIGKILL"), stopTimeout * 1000);
  await ended;
  clearTimeout(deadline);
}
