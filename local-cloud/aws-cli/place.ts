import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shellQuoted } from "../environment";
import type { Python } from "../python";

/** Where {@link placeAwsCli} puts what it makes. */
export interface AwsCliPlaces {
  /** Folder of programs. */
  readonly bin: string;
  /** Short folder for a Unix socket. */
  readonly runDirectory: string;
  /** File that takes the server's own output. */
  readonly log: string;
}

/**
 * Puts the AWS CLI of the virtual environment into a folder of programs: a known one, whatever else is installed.
 * It is loaded once, in a process that ends with this one, even when that crashes: the life of a node makes about
 * twenty calls, and to load it takes most of the second that each would take.
 * @returns what ends it
 */
export async function placeAwsCli(
  { python }: Python,
  { bin, runDirectory, log }: AwsCliPlaces,
): Promise<() => Promise<void>> {
  const socket = join(runDirectory, "aws-cli.sock");
  // Its open standard input tells it that this process lives.
  const child = spawn(python, ["-I", join(__dirname, "server.py"), socket], {
    env: { PATH: process.env["PATH"], LANG: "C.UTF-8", AWS_CONFIG_FILE: "/dev/null" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stderr.pipe(createWriteStream(log, { flags: "a" }));
  const closed = once(child, "close");
  const close = async (): Promise<void> => {
    child.kill();
    await closed;
  };
  const listens = await Promise.race([once(child.stdout, "data"), closed.then(() => undefined)]);
  if (listens === undefined) {
    throw new Error(`the AWS CLI did not start: see ${log}`);
  }
  const command = [python, "-I", "-S", join(__dirname, "client.py"), socket].map(shellQuoted).join(" ");
  const program = join(bin, "aws");
  await rm(program, { force: true });
  await writeFile(program, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  return close;
}
