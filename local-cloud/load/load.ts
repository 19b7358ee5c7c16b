import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** How to load a server. */
export interface LoadOptions {
  /** Absolute `http:` or `https:` URL. */
  readonly url: string;
  /** The name that the server of an `https:` URL must prove, and the root to trust, in PEM. */
  readonly tls?: { readonly servername: string; readonly ca: string };
  /** Requests a second, in even steps. @default 60 */
  readonly rate?: number;
  /**
   * Kept-alive connections, and so requests in progress at the same time, at most. A server in Node.js accepts one in
   * each turn of its event loop, which takes a busy computer a fifth of a second: the last of 50 would time out.
   * Source: github.com/libuv/libuv, pull request 3696. @default 16
   */
  readonly connections?: number;
  /** Seconds that an answer may take, its last byte included. @default 10 */
  readonly timeout?: number;
  /** Seconds after which it ends on its own. @default 1200 */
  readonly limit?: number;
}

/** The progress of a load. */
export interface LoadProgress {
  /** Requests that have ended. */
  readonly requests: number;
  /** Those that didn't succeed. */
  readonly failed: number;
  /** Requests a second, on average so far. */
  readonly rate: number;
}

/** A message of the process that generates the load. */
export type LoadMessage = "started" | { readonly progress: LoadProgress } | { readonly result: LoadResult };

/** The outcome of each request. None is tried twice. */
export interface LoadResult {
  /** Requests sent; all have ended. */
  readonly requests: number;
  /** Complete answers with a 2xx status. */
  readonly succeeded: number;
  /** Complete answers with another status. */
  readonly non2xx: number;
  /** Connections that broke before a complete answer. */
  readonly resets: number;
  readonly timeouts: number;
  /** No connection, or an answer that isn't HTTP. */
  readonly errors: number;
  /** All requests that didn't succeed. */
  readonly failed: number;
  /** The first failures, such as `after 12.3 s: status 503: No server is available`. */
  readonly failures: readonly string[];
  /** From the first request to the last answer. */
  readonly seconds: number;
  /** Requests a second, on average. */
  readonly rate: number;
  /** Requests in the slowest full second. */
  readonly lowestRate: number;
  /** Longest time without a successful answer. */
  readonly longestGapSeconds: number;
}

/** Requests that come in steadily from a separate process. */
export interface Load {
  /**
   * Waits for the answers that are still due, and ends it. Returns the same result when called again, or after its
   * time.
   * @throws Error when its process has ended in another way
   */
  stop(): Promise<LoadResult>;
}

/** Seconds that requests in progress at the end, and the process itself, may take beyond the time-out of a request. */
const endTimeout = 30;

/**
 * Sends GET requests to a URL from a separate process, which ends with this one at the latest. Returns once it has sent
 * the first.
 * @param told receives the progress every second
 * @throws Error when the process can't start
 */
export async function startLoad(
  options: LoadOptions,
  told: (progress: LoadProgress) => void = () => undefined,
): Promise<Load> {
  const child = spawn(
    process.execPath,
    [join(__dirname, "..", "run.js"), "local-cloud/load/generator.ts", JSON.stringify(options)],
    // Beside the clouds, and for the same reason, not among their commands.
    { detached: true, stdio: ["ignore", "inherit", "inherit", "ipc"] },
  );
  const result = new Promise<LoadResult>((resolve, reject) => {
    child.on("message", (message: LoadMessage) => {
      if (message === "started") {
        return;
      }
      if ("result" in message) {
        resolve(message.result);
      } else {
        told(message.progress);
      }
    });
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(new Error(`The load on ${options.url} ended with ${signal ?? `exit code ${code ?? ""}`}`)),
    );
  });
  // The caller of stop() gets the error.
  result.catch(() => undefined);
  await Promise.race([once(child, "message"), result]);
  return {
    stop: async () => {
      if (child.connected) {
        child.send("stop");
      }
      const deadline = setTimeout(() => child.kill("SIGKILL"), endTimeout * 1000);
      try {
        return await result;
      } finally {
        clearTimeout(deadline);
      }
    },
  };
}
