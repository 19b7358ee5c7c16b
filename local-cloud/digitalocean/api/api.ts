import type { IncomingMessage, ServerResponse } from "node:http";
import { takeFault, untilAnswered } from "../../faults";
import { readBody, serveOnLoopback } from "../../http-server";
import type { Machines } from "../../machines";
import { note, type Json, type JsonObject, type World } from "../../world";
import { openAccount } from "../account";
import { ApiError, forbidden, notFound, unprocessable } from "./api-error";
import { machineName } from "../machine-name";
import { createCertificateAuthority, type CertificateAuthority } from "../balancing/certificate-authority";
import { privateNetwork } from "../balancing/private-network";
import { readOpenApi, type FindOperation, type Operation } from "./openapi";
import type { Routes } from "./resource";
import { createRoutes } from "./routes";

/** Options of {@link serveDigitalOcean}. */
export interface DigitalOceanOptions {
  /**
   * How long a load balancer processes a change, in milliseconds: meanwhile it is `new`, and refuses a further change.
   * A certificate is `pending` for as long. @default 500
   */
  readonly processingMilliseconds?: number;
}

/** A running DigitalOcean. */
export interface DigitalOcean {
  /** Scheme, host and port: for `DIGITALOCEAN_API_URL`. */
  readonly endpoint: string;
  /** Issues its certificates. */
  readonly authority: CertificateAuthority;
  /** Ends the API and every load balancer. Machines stay as they are. */
  close(): Promise<void>;
}

/**
 * Serves DigitalOcean's API for tags, droplets, firewalls, load balancers, certificates and VPCs on its own loopback
 * port. Every call is noted in the journal by its OpenAPI path template. Anything that is not modelled is an error.
 */
export async function serveDigitalOcean(
  world: World,
  machines: Machines,
  { processingMilliseconds = 500 }: DigitalOceanOptions = {},
): Promise<DigitalOcean> {
  const authority = await createCertificateAuthority();
  const account = openAccount({ world, machines, processingMilliseconds, authority });
  machines.reach(privateNetwork(account));
  machines.whenOff((name) => {
    const droplet = [...world.digitalocean.droplets.values()].find((one) => machineName(one) === name);
    if (droplet !== undefined) {
      droplet.status = "off";
    }
  });
  const context = { world, routes: createRoutes(account), find: readOpenApi() };
  const server = await serveOnLoopback((request, response) => {
    answer(context, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  return {
    endpoint: server.url,
    authority,
    close: async () => {
      await server.close();
      await account.close();
    },
  };
}

interface Context {
  readonly world: World;
  readonly routes: Routes;
  readonly find: FindOperation;
}

/** A request's operation, as far as it could be read. */
interface Request {
  readonly name: string;
  readonly input: JsonObject;
  readonly perform: () => Promise<{ readonly status: number; readonly body?: Json | undefined }>;
}

async function answer(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { world } = context;
  const { name, input, perform } = await understand(context, request);
  const fault = takeFault(world, { service: "digitalocean", operation: name, input: JSON.stringify(input) });
  const { status, body } =
    fault?.kind === "error"
      ? { status: fault.status, body: { id: fault.code, message: fault.message } }
      : await perform().catch(failure);
  const caller = request.headers["user-agent"]?.split(" ")[0];
  note(world, {
    kind: "call",
    service: "digitalocean",
    name,
    status,
    detail: input,
    ...(caller && { caller }),
  });
  await untilAnswered(world, fault);
  if (fault?.kind === "lost-answer") {
    request.socket.destroy();
    return;
  }
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function failure(error: unknown): { status: number; body: Json } {
  const { status, id, message } =
    error instanceof ApiError
      ? error
      : new ApiError(500, "server_error", error instanceof Error ? error.message : String(error));
  return { status, body: { id, message } };
}

async function understand({ world, routes, find }: Context, request: IncomingMessage): Promise<Request> {
  const method = request.method ?? "GET";
  const { origin, pathname, searchParams } = new URL(
    request.url ?? "/",
    `http://${request.headers.host ?? "localhost"}`,
  );
  const operation = find(method, pathname);
  const refused = (error: ApiError, input: JsonObject = {}): Request => ({
    name: operation?.name ?? `${method} ${pathname}`,
    input,
    perform: () => Promise.reject(error),
  });
  const { access } = world.digitalocean.behaviour;
  if (access === "none" || !/^Bearer \S+$/.test(request.headers.authorization ?? "")) {
    return refused(new ApiError(401, "unauthorized", "Unable to authenticate you"));
  }
  if (operation === undefined) {
    return refused(notFound());
  }
  if (access === "read" && method !== "GET") {
    return refused(forbidden("You do not have access for the attempted action."));
  }
  const query = Object.fromEntries(searchParams);
  let body: Json | undefined;
  try {
    body = parse(await readBody(request, tooLarge));
  } catch (error) {
    return refused(error instanceof ApiError ? error : new ApiError(400, "bad_request", String(error)));
  }
  const input = { ...operation.parameters, ...query, ...redacted(body) };
  return { name: operation.name, input, perform: () => perform(routes, operation, { origin, query, body }) };
}

async function perform(
  routes: Routes,
  operation: Operation,
  { origin, query, body }: { origin: string; query: Record<string, string>; body: Json | undefined },
): Promise<{ status: number; body: Json | undefined }> {
  const handle = routes[operation.name];
  if (handle === undefined) {
    throw new ApiError(501, "not_implemented", `${operation.name} is not modelled by the local cloud.`);
  }
  const { normalise = (given: JsonObject) => given } = handle;
  const given = isObject(body) ? normalise(body) : body;
  const problem = operation.queryProblem(query) ?? operation.bodyProblem(given);
  if (problem !== undefined) {
    throw unprocessable(problem);
  }
  const result = await handle.call({
    origin,
    parameters: operation.parameters,
    query,
    body: isObject(given) ? given : {},
  });
  const mistake = operation.answerProblem(result);
  if (mistake !== undefined) {
    throw new Error(`${operation.name}: the answer is not what the published API describes: ${mistake}`);
  }
  return { status: operation.status, body: result };
}

function parse(text: string): Json | undefined {
  return text === "" ? undefined : withoutNulls(JSON.parse(text) as Json);
}

function tooLarge(limit: number): ApiError {
  return new ApiError(413, "request_entity_too_large", `The body is larger than ${limit} bytes.`);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** DigitalOcean's Go client writes an empty list as null; the published schemas allow only its absence. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) {
    return value.map(withoutNulls);
  }
  return isObject(value)
    ? Object.fromEntries(
        Object.entries(value).flatMap(([key, member]) =>
          member === null ? [] : [[key, withoutNulls(member)]],
        ),
      )
    : value;
}

/** Fields that are never in the journal. */
const secretMembers = ["user_data", "private_key"];

function redacted(body: Json | undefined): JsonObject {
  if (!isObject(body)) {
    return body === undefined ? {} : { body };
  }
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, secretMembers.includes(name) ? "(redacted)" : value]),
  );
}
