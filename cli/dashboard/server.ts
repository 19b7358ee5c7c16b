import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Refusal } from "../refusals/refusal";
import type { Feed } from "./feed";
import type { PageFile } from "./page-files";

const host = "127.0.0.1";

/**
 * The page loads only its own files, runs only their scripts, and can't be embedded in another page.
 * Sources: W3C, "Content Security Policy Level 3"; WHATWG, "Fetch", Cross-Origin-Resource-Policy.
 */
const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/**
 * Serves the page and its feed on the loopback interface until the process ends. Other users of this computer can reach
 * that as well, so the address contains a token that they don't know.
 *
 * @param port 0 for any free port
 * @returns the address
 * @throws {Refusal} when the port is taken.
 */
export async function servePage(
  files: ReadonlyMap<string, PageFile>,
  feed: Feed,
  port: number,
): Promise<string> {
  const token = randomBytes(24).toString("base64url");
  const server = createServer((request, response) => {
    const { status, name } = locate(request, token, (server.address() as AddressInfo).port);
    const file = files.get(name);
    if (status === 200 && name === "events" && request.method === "GET") {
      tell(feed, response);
    } else if (status === 200 && file !== undefined) {
      response.writeHead(200, { ...headers, "content-type": file.type });
      response.end(request.method === "HEAD" ? undefined : file.body);
    } else {
      refuse(response, status === 200 ? 404 : status);
    }
  });
  await listen(server, port);
  return `http://${host}:${(server.address() as AddressInfo).port}/${token}/`;
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new Refusal(`Port ${port} of ${host} can't be used (${code}): choose another with --port.`);
  }
}

/** The file that a request asks for; a status other than 200 when it may not have it. */
function locate({ method, url = "", headers: sent }: IncomingMessage, token: string, port: number) {
  const [, given = "", name = ""] = /^\/([^/?]+)\/([^?]*)/.exec(url) ?? [];
  const names = [host, "localhost"].map((one) => `${one}:${port}`);
  // Another site may point its own name here.
  if (!names.includes(sent.host ?? "")) {
    return { status: 421, name };
  }
  if (!isSame(given, token)) {
    return { status: 403, name };
  }
  return { status: method === "GET" || method === "HEAD" ? 200 : 405, name };
}

/** Takes the same time for every wrong token. */
function isSame(given: string, token: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}

const refusals: Readonly<Record<number, string>> = {
  403: 'Only the address that "anywhere dashboard" has printed opens this page.',
  404: "There is no such file.",
  405: "This page is read-only.",
  421: "This page is served only to this computer.",
};

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, {
    ...headers,
    "content-type": "text/plain; charset=utf-8",
    ...(status === 405 && { allow: "GET, HEAD" }),
  });
  response.end(`${refusals[status] ?? ""}\n`);
}

/** Source: WHATWG HTML, "Server-sent events". */
function tell(feed: Feed, response: ServerResponse): void {
  response.writeHead(200, { ...headers, "content-type": "text/event-stream" });
  const end = feed.follow((told) => {
    // A slow reader gets a later look instead: each is complete.
    if (!response.writableNeedDrain) {
      response.write(`data: ${JSON.stringify(told)}\n\n`);
    }
  });
  response.once("close", end);
}
