import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { userPath } from "../servers/user-path";
import { redact as redacted } from "../terraform/redaction";
import { parseState, type State } from "../terraform/state-file";

/** Copies standard input, line by line, without the secrets of the state in this file. */
export async function redact(file: string): Promise<number> {
  // The writer must finish cleanly first: without a reader it would die in the middle of its work.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => undefined);
  }
  process.stdout.on("error", () => undefined);
  const secrets = secretsIn(file);
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (secrets !== undefined) {
      process.stdout.write(`${redacted(line, secrets)}\n`);
    }
  }
  return secrets === undefined ? 1 : 0;
}

/** Undefined when they aren't known: then nothing may be shown. */
function secretsIn(file: string): State["secrets"] | undefined {
  try {
    return parseState(readFileSync(userPath(file), "utf8")).secrets;
  } catch (error) {
    console.error(`${file} is not a state, so nothing can be shown: ${(error as Error).message}`);
    return undefined;
  }
}
