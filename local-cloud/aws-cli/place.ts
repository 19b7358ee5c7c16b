import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shellQuoted } from "../environment";
import type { Python } from "../python/environment";
import { startPythonServer } from "../python/server";

/** Folders and files that {@link placeAwsCli} uses. */
export interface AwsCliPlaces {
  /** Folder of programs. */
  readonly bin: string;
  /** Short folder for a Unix socket. */
  readonly runDirectory: string;
  /** File that takes the server's own output. */
  readonly log: string;
}

/**
 * Puts the AWS CLI of the virtual environment into a folder of programs: a known one, whatever else is installed. It is
 * loaded once, in a process that ends with this one, even when that crashes: the life of a node makes about twenty
 * calls, and loading takes most of the second that each would take.
 * @returns a function that ends it
 */
export async function placeAwsCli(
  python: Python,
  { bin, runDirectory, log }: AwsCliPlaces,
): Promise<() => Promise<void>> {
  const socket = join(runDirectory, "aws-cli.sock");
  const server = await startPythonServer(python, {
    name: "the AWS CLI",
    script: join(__dirname, "server.py"),
    args: [socket],
    environment: { AWS_CONFIG_FILE: "/dev/null" },
    log,
  });
  const client = [python.python, "-I", "-S", join(__dirname, "client.py"), socket];
  const program = join(bin, "aws");
  await rm(program, { force: true });
  await writeFile(program, `#!/bin/sh\nexec ${client.map(shellQuoted).join(" ")} "$@"\n`, { mode: 0o755 });
  return () => server.close();
}
