import { mkdirSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { isAbsolute, join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { KeyPair } from "../../digitalocean/balancing/certificate-authority";
import { takeFault, untilAnswered } from "../../faults";
import { closeServer, listen } from "../../http-server";
import { note, type Json, type JsonObject, type World } from "../../world";
import { user } from "../state/access";
import { createAccount, type Account } from "../state/account";
import { createExecutor } from "../runs/execute";
import { createIdentity } from "../runs/identity";
import { ordinaryUser } from "../runs/user";
import type { WorkerOptions } from "../runs/worker";
import { ApiError, notModelled } from "./api-error";
import { createRoutes } from "./routes";
import { findRoute, type Answer, type Call, type Match, type Routes } from "./route";

/** Options of {@link serveTerraformCloud}. */
export interface TerraformCloudOptions {
  /** Folder of the states, emptied at the start: the states are gone with the clouds. */
  readonly directory: string;
  /** Preferred port, unless it is taken; 0 for any. */
  readonly port: number;
  /** For `localhost`. */
  readonly certificate: KeyPair;
  readonly organisation: string;
  /** Token of the user. */
  readonly token: string;
  readonly terraformVersion: string;
  /** The settings that runs are executed with. */
  readonly worker: Omit<WorkerOptions, "user" | "identity">;
}

/** A running stand-in of HCP Terraform. */
export interface TerraformCloud {
  /** `localhost:PORT`: the `hostname` of a `cloud` block. */
  readonly hostname: string;
  close(): Promise<void>;
}

/**
 * Serves HCP Terraform's API, over TLS as Terraform requires, on its own loopback port. Every call is noted in the
 * journal by its path template, without its body: states and variables are secrets. Anything that is not modelled is an
 * error.
 */
export async function serveTerraformCloud(
  world: World,
  options: TerraformCloudOptions,
): Promise<TerraformCloud> {
  const { directory, certificate, organisation, token, terraformVersion, worker } = options;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const server = createServer(certificate);
  server.keepAliveTimeout = 0;
  // A backend names the port, so it stays the same if possible.
  await listen(server, { host: "127.0.0.1", port: options.port }).catch(() =>
    listen(server, { host: "127.0.0.1", port: 0 }),
  );
  const { port } = server.address() as AddressInfo;
  const hostname = `localhost:${port}`;
  const account = createAccount({
    organisation,
    terraformVersion,
    callers: new Map([[token, user]]),
    folder: join(directory, "states"),
    origin: `https://${hostname}`,
  });
  const needed = [
    worker.executable,
    process.execPath,
    ...Object.values(worker.localWorld).filter(isAbsolute),
  ];
  const executor = createExecutor(account, {
    ...worker,
    user: ordinaryUser(worker.folder, needed),
    identity: createIdentity(),
  });
  const context: Context = { world, account, routes: createRoutes(account, executor) };
  server.on("request", (request, response) => {
    serve(context, request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  return {
    hostname,
    close: async () => {
      await executor.close();
      await closeServer(server);
    },
  };
}

interface Context {
  readonly world: World;
  readonly account: Account;
  readonly routes: Routes;
}

async function serve(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { world, routes } = context;
  const method = request.method ?? "GET";
  const url = new URL(request.url ?? "/", context.account.origin);
  const match = findRoute(routes, method, url.pathname);
  const name = match?.name ?? `${method} ${url.pathname}`;
  const detail = {
    ...(match?.route.signed === true ? {} : match?.parameters),
    ...Object.fromEntries(url.searchParams),
  };
  const body = await buffer(request);
  const fault = takeFault(world, {
    service: "terraform-cloud",
    operation: name,
    input: JSON.stringify(detail),
  });
  const answer =
    fault?.kind === "error"
      ? failure(new ApiError(fault.status, fault.code, fault.message))
      : await perform(context, match, { request, url, body, name }).catch(failure);
  const caller = request.headers["user-agent"]?.split(" ")[0];
  note(world, {
    kind: "call",
    service: "terraform-cloud",
    name,
    status: answer.status,
    detail,
    ...(caller && { caller }),
  });
  await untilAnswered(world, fault);
  if (fault?.kind === "lost-answer") {
    request.socket.destroy();
    return;
  }
  send(response, answer);
}

interface Received {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly body: Buffer;
  readonly name: string;
}

async function perform(
  { account }: Context,
  match: Match | undefined,
  { request, url, body, name }: Received,
): Promise<Answer> {
  const isOpen = match?.route.signed === true;
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
  const caller = isOpen ? user : account.callers.get(token);
  if (caller === undefined) {
    throw new ApiError(401, "unauthorized");
  }
  if (match === undefined) {
    throw notModelled(name);
  }
  // Source: HCP Terraform API, "JSON API Formatting". Terraform's own comments on runs are plain JSON.
  if (
    !isOpen &&
    body.length > 0 &&
    !/^application\/(vnd\.api\+)?json\b/.test(request.headers["content-type"] ?? "")
  ) {
    throw new ApiError(415, "unsupported media type", "The body must be application/vnd.api+json.");
  }
  const { query = [], answer } = match.route;
  const unknown = [...url.searchParams.keys()].filter((one) => !query.includes(one));
  if (unknown.length > 0) {
    throw notModelled(`The parameter ${unknown.join(", ")} of ${name}`);
  }
  const call: Call = {
    caller,
    parameters: match.parameters,
    query: url.searchParams,
    json: parse(body),
    body,
  };
  return answer(call);
}

function parse(body: Buffer): Json | undefined {
  try {
    return JSON.parse(body.toString("utf8")) as Json;
  } catch {
    return undefined;
  }
}

function failure(error: unknown): Answer {
  const { status, title, detail } =
    error instanceof ApiError
      ? error
      : new ApiError(500, "internal server error", error instanceof Error ? error.message : String(error));
  const described: JsonObject = { status: String(status), title, ...(detail !== undefined && { detail }) };
  return { status, json: { errors: [described] } };
}

function send(
  response: ServerResponse,
  { status, json, bytes, type = "application/json", location }: Answer,
): void {
  response.writeHead(status, {
    ...(json !== undefined && { "content-type": "application/vnd.api+json" }),
    ...(bytes !== undefined && { "content-type": type }),
    ...(location !== undefined && { location }),
    "tfp-api-version": "2.6",
    "tfp-appname": "HCP Terraform",
  });
  response.end(json === undefined ? bytes : JSON.stringify(json));
}
