import { join } from "node:path";

import type { Python } from "../../python/environment";
import { startPythonServer } from "../../python/server";

/** A running moto server. */
export interface Moto {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  /** Ends it. */
  close(): Promise<void>;
}

/**
 * Starts moto on a free port of 127.0.0.1, for the account that each request's `x-moto-account-id` names. It ends with this process, even when that crashes.
 * @param log file that takes its output
 * @throws Error when it does not listen within 60 s
 */
export async function startMoto(python: Python, log: string): Promise<Moto> {
  const server = await startPythonServer(python, {
    name: "moto",
    script: join(__dirname, "moto.py"),
    environment: {
      MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
      MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS: "false",
    },
    log,
  });
  if (!/^\d+$/.test(server.firstLine)) {
    await server.close();
    throw new Error(`moto printed no port but ${JSON.stringify(server.firstLine)}: see ${log}`);
  }
  return { port: Number(server.firstLine), close: () => server.close() };
}
