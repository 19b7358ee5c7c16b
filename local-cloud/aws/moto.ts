import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import type { Python } from "../python";

/** A running moto server. */
export interface Moto {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  /** Ends it. */
  close(): Promise<void>;
}

/** Seconds until it must listen. */
const startTimeout = 60;

/**
 * Starts moto on a free port of 127.0.0.1, for the account that each request's `x-moto-account-id` names. It ends with this process, even when that crashes.
 * @param log file that takes its output
 * @throws Error when it does not listen within 60 s
 */
export async function startMoto(python: Python, log: string): Promise<Moto> {
  // Its open standard input tells it that this process lives.
  const child = spawn(python.python, ["-I", join(__dirname, "moto.py")], {
    env: {
      PATH: process.env["PATH"],
      LANG: "C.UTF-8",
      MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
    },
  });
  child.stderr.pipe(createWriteStream(log, { flags: "a" }));
  const closed = once(child, "close");
  const close = async (): Promise<void> => {
    child.kill();
    await closed;
  };
  const deadline = setTimeout(() => child.kill(), startTimeout * 1000);
  const firstLine = once(createInterface(child.stdout), "line").then(([line]) => String(line));
  const line = await Promise.race([firstLine, closed.then(() => "")]);
  clearTimeout(deadline);
  if (!/^\d+$/.test(line)) {
    throw new Error(`moto did not start within ${startTimeout} s: see ${log}`);
  }
  return { port: Number(line), close };
}
