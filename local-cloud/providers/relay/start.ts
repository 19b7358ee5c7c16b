import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Environment } from "../../environment";
import { relayProgram } from "./place";

/** A relay between Terraforms and the real AWS provider, in a process of its own. */
export interface Relay {
  /** For every Terraform that is to use it. */
  readonly variables: Environment;
  /** Ends it and its providers. */
  close(): Promise<void>;
}

/** Options of {@link startRelay}. */
export interface RelayOptions {
  /** The mirror with the relay's program; undefined where Terraform has the provider itself: then nothing is started. */
  readonly mirror: string | undefined;
  /** Path of its Unix socket, whose folder is there. */
  readonly socket: string;
  /** The user whose process it is. @default the one of this process */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * Starts a relay, which ends with this process, even when that crashes.
 * @throws Error when it ends instead
 */
export async function startRelay({ mirror, socket, user }: RelayOptions): Promise<Relay> {
  if (mirror === undefined) {
    return { variables: {}, close: () => Promise.resolve() };
  }
  const program = relayProgram(mirror);
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
