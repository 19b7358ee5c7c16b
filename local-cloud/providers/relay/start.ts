import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A relay between Terraforms and the real AWS provider, in a process of its own. */
export interface Relay {
  /** For every Terraform that is to use it. */
  readonly variables: { readonly LOCAL_CLOUD_PROVIDER_RELAY: string };
  /** Ends it and its providers. */
  close(): Promise<void>;
}

/** Options of {@link startRelay}. */
export interface RelayOptions {
  /** The relay's program, as the mirror has it. */
  readonly program: string;
  /** Path of its Unix socket, whose folder is there. */
  readonly socket: string;
  /** The user whose process it is. @default the one of this process */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * Starts a relay, which ends with this process, even when that crashes.
 * @throws Error when it ends instead
 */
export async function startRelay({ program, socket, user }: RelayOptions): Promise<Relay> {
  // In a session of its own, since it outlives the commands of a terminal.
  const child = spawn(process.execPath, [program, socket], {
    ...user,
    cwd: "/",
    env: {},
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => undefined);
  const ended = once(child, "exit");
  const listens = once(createInterface(child.stdout), "line").then(() => true);
  if (!(await Promise.race([listens, ended.then(() => false)]))) {
    throw new Error(`${program} ended with exit code ${String(child.exitCode)} before it listened`);
  }
  return {
    variables: { LOCAL_CLOUD_PROVIDER_RELAY: socket },
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
