import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer, request } from "node:http";
import type { AddressInfo, ListenOptions } from "node:net";
import { text } from "node:stream/consumers";

/** A server on its own loopback port. */
export interface LoopbackServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Ends it and every connection. */
  close(): Promise<void>;
}

/** Greatest size of a request's body in bytes. */
const bodyLimit = 1024 * 1024;

/**
 * A server that leaves idle connections open: a client that sends a request on one that the server is just closing
 * can't know whether it was handled, and fails.
 */
export function createPatientServer(listener: RequestListener): Server {
  const server = createServer(listener);
  server.keepAliveTimeout = 0;
  return server;
}

/** Serves on a free port of 127.0.0.1. */
export async function serveOnLoopback(listener: RequestListener): Promise<LoopbackServer> {
  const server = createPatientServer(listener);
  await listen(server, { host: "127.0.0.1", port: 0 });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => closeServer(server) };
}

/** Returns once it listens. @throws Error with the system's code when it can't */
export async function listen(server: Server, where: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Ends a server and every connection. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}

/**
 * Reads a request's body.
 * @throws the error that `tooLarge` returns for the limit, in bytes, when the body exceeds it
 */
export async function readBody(
  request: IncomingMessage,
  tooLarge: (limit: number) => Error,
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) {
      throw tooLarge(bodyLimit);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The posted body. */
interface Posting {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMilliseconds: number;
  readonly signal?: AbortSignal;
}

/** Posts to a server that listens on a Unix socket. @throws Error without an answer in time, or when it is aborted */
export function postOverSocket(
  socketPath: string,
  path: string,
  { body, headers = {}, timeoutMilliseconds: timeout, signal }: Posting,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, method: "POST", headers, timeout, signal }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, text: body }), reject);
    });
    outgoing.once("timeout", () =>
      outgoing.destroy(new Error(`no answer to ${path} of ${socketPath} within ${timeout / 1000} s`)),
    );
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}
