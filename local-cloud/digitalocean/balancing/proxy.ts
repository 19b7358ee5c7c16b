import { request as sendRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream";

/** A request to pass on. */
export interface Forwarding {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The address that the client came from. */
  readonly client: string;
  readonly entryPort: number;
  /** The client's protocol, for X-Forwarded-Proto. */
  readonly protocol: string;
  /** How long the backend may be silent. */
  readonly idleMilliseconds: number;
  /** Opens a connection to the chosen backend; it serves only this request. */
  readonly connect: () => Socket;
}

/** The answer when no backend is healthy. */
export function answerUnavailable(response: ServerResponse): void {
  answerError(response, 503, "Service Unavailable", "No server is available to handle this request.");
}

/**
 * Passes a request on and its answer back, both as streams. Tried once: no connection is 503, a connection that ends
 * before an answer 502, silence 504; an answer that breaks off does so for the client, too.
 * Source: HAProxy configuration manual, "Session state at disconnection" (SC, SH, sH).
 */
export function forward(forwarding: Forwarding): void {
  const { request, response, idleMilliseconds, connect } = forwarding;
  let connected = false;
  const upstream = sendRequest({
    method: request.method,
    path: request.url,
    headers: forwardedHeaders(forwarding),
    timeout: idleMilliseconds,
    setHost: false,
    createConnection: () => connect().once("connect", () => (connected = true)),
  });
  upstream.on("response", (answer) => {
    response.writeHead(
      answer.statusCode ?? 502,
      answer.statusMessage,
      endToEnd(answer.rawHeaders, ["transfer-encoding"]),
    );
    // The headers must not wait for a body that comes late.
    response.flushHeaders();
    pipeline(answer, response, () => upstream.destroy());
  });
  upstream.on("timeout", () => {
    if (!response.headersSent) {
      answerError(response, 504, "Gateway Time-out", "The server didn't respond in time.");
    }
    upstream.destroy();
  });
  upstream.on("error", () => {
    if (response.headersSent) {
      response.destroy();
    } else if (connected) {
      answerError(response, 502, "Bad Gateway", "The server returned an invalid or incomplete response.");
    } else {
      answerUnavailable(response);
    }
  });
  response.on("close", () => upstream.destroy());
  request.pipe(upstream);
}

const hopByHop = "connection keep-alive proxy-authenticate proxy-authorization te trailer upgrade".split(" ");

/** A message's headers, as name, value, name, …, without those that belong to one connection only. */
function endToEnd(rawHeaders: readonly string[], further: readonly string[]): string[] {
  const dropped = [...hopByHop, ...further];
  return rawHeaders.flatMap((text, index) => {
    const value = rawHeaders[index + 1];
    return index % 2 === 1 || value === undefined || dropped.includes(text.toLowerCase())
      ? []
      : [text, value];
  });
}

function forwardedHeaders({ request, client, entryPort, protocol }: Forwarding): string[] {
  const before = request.headers["x-forwarded-for"];
  const chain = [...(before === undefined ? [] : [before].flat()), client].join(", ");
  return [
    ...endToEnd(request.rawHeaders, ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-port"]),
    ...["X-Forwarded-For", chain],
    ...["X-Forwarded-Proto", protocol],
    ...["X-Forwarded-Port", String(entryPort)],
    ...["Connection", "close"],
  ];
}

function answerError(response: ServerResponse, status: number, title: string, text: string): void {
  const body = `<html><body><h1>${status} ${title}</h1>\n${text}\n</body></html>\n`;
  response.writeHead(status, {
    "cache-control": "no-cache",
    "content-type": "text/html",
    "content-length": Buffer.byteLength(body),
    connection: "close",
  });
  response.end(body);
}
