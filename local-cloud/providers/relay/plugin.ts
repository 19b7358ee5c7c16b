import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, type ClientHttp2Session } from "node:http2";
import { connect as connectSocket } from "node:net";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** The version of Terraform's plugin protocol that the AWS provider speaks. */
export const protocol = "5";

/** Prefix of the methods of that version. */
export const service = `/tfplugin${protocol}.Provider`;

/** Milliseconds in which a provider says where it listens, and answers. */
export const patience = 60_000;

/** Bytes before a message: for its compression, and its length. Source: github.com/grpc/grpc, "gRPC over HTTP2". */
export const messagePrefix = 5;

/** A provider, and a connection to it, each of which ends with the other. */
export interface Plugin {
  readonly process: ChildProcess;
  /** Flows from the start, so that nothing of it waits. */
  readonly log: Readable;
  readonly session: ClientHttp2Session;
}

/** Whether a provider answers. The end of its process isn't known here at once. */
export function isAlive({ session }: Plugin): Promise<boolean> {
  return new Promise((resolve) => {
    const asked =
      !session.destroyed &&
      session.ping((error: Error | null) => {
        resolve(error === null);
      });
    if (!asked) {
      resolve(false);
    }
  });
}

/**
 * Starts a provider as Terraform does, but without TLS, for which both ends need certificates.
 * Source: github.com/hashicorp/go-plugin, "Writing Plugins Without Go": its first line tells where it listens.
 * @param variables with Terraform's "magic cookie"
 * @param folder that it is started in
 * @throws Error when it ends without that line, or speaks another version of the protocol
 */
export async function startPlugin(
  executable: string,
  variables: NodeJS.ProcessEnv,
  folder: string,
): Promise<Plugin> {
  const env = { ...variables, PLUGIN_PROTOCOL_VERSIONS: protocol, PLUGIN_CLIENT_CERT: undefined };
  const child = spawn(executable, { stdio: ["ignore", "pipe", "pipe"], env, cwd: folder });
  child.stderr.resume();
  // It ignores Ctrl-C, and would outlive this process.
  atEnd(child, () => child.kill("SIGKILL"));
  const lines = createInterface(child.stdout);
  const ended = new AbortController();
  const deadline = setTimeout(() => {
    ended.abort(new Error(`${executable} has not started within ${patience / 1000} seconds`));
  }, patience);
  child.once("error", (error) => {
    ended.abort(error);
  });
  child.once("exit", (code) => {
    ended.abort(new Error(`${executable} ended with exit code ${String(code)}`));
  });
  const [line] = (await once(lines, "line", { signal: ended.signal })
    .catch(() => {
      child.kill("SIGKILL");
      throw ended.signal.reason;
    })
    .finally(() => {
      clearTimeout(deadline);
    })) as [string];
  const [, version, network, address = ""] = line.split("|");
  if (network === "unix") {
    // A killed provider leaves it.
    atEnd(child, () => {
      rmSync(address, { force: true });
    });
  }
  if (version !== protocol) {
    child.kill("SIGKILL");
    throw new Error(
      `${executable} doesn't speak version ${protocol} of Terraform's plugin protocol: ${line}`,
    );
  }
  const { hostname, port } = new URL(`tcp://${network === "unix" ? "localhost" : address}`);
  const place = network === "unix" ? { path: address } : { host: hostname, port: Number(port) };
  const session = connect("http://localhost", { createConnection: () => connectSocket(place) });
  // Each request has the error, too, and the end of the process says more.
  session.on("error", () => undefined);
  session.once("close", () => child.kill("SIGKILL"));
  await once(session, "connect");
  return { process: child, log: child.stderr, session };
}

/** Runs something when a process has ended, or when this one ends before. */
function atEnd(child: ChildProcess, work: () => unknown): void {
  const end = (): void => {
    process.off("exit", end);
    work();
  };
  process.once("exit", end);
  // One that can't be started has no exit.
  child.once("exit", end).once("error", end);
}
