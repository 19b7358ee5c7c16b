import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

import { type FaultEffect, takeFault, untilAnswered } from "../../faults";
import { readBody, serveOnLoopback, type LoopbackServer } from "../../http-server";
import type { AgentPoll } from "../../machines";
import { type JsonObject, note, type World } from "../../world";
import type { Context, Place } from "../context";
import { pollAgent } from "../ecs/agent";
import { createAgentConnections } from "../ecs/agent-connection";
import { type Api, callOperation, journalCall } from "./api";
import { ApiError, defect, notModelled, tooLarge } from "./api-error";
import { receiveLateInsights } from "../moto/insights";
import { type MotoClient, motoClient } from "../moto/moto-client";
import type { RestCall } from "./rest";
import { placeOf } from "./places";
import { proxy, type ProxyTarget } from "../moto/proxy";
import { createTaskSecrets, type TaskSecrets } from "../ecs/tasks/secrets";
import { defaultSettings, type Settings } from "../settings";
import { accountOf, type CredentialScope, credentialScope } from "./signature";

/** The gateway's dependencies. */
export interface GatewayOptions {
  /** From `loadApis`. */
  readonly apis: readonly Api[];
  /** Port of moto on 127.0.0.1. */
  readonly motoPort: number;
  /** @default defaultSettings */
  readonly settings?: Settings;
}

/**
 * AWS as far as it is modelled: Systems Manager and ECS over the world, moto for the services that it serves well,
 * `POST /agent` for the machines' agents. Every other service, operation or member is an error.
 */
export function createAwsHandler(world: World, options: GatewayOptions): RequestListener {
  const moto = motoClient(options.motoPort, world.account);
  const secrets = createTaskSecrets(world, moto);
  const agents = createAgentConnections();
  return (request, response) => {
    answer(world, { ...options, moto, secrets, agents }, request, response).catch((error: unknown) =>
      sendError(request, response, toApiError(error)),
    );
  };
}

/** Serves {@link createAwsHandler} on a free port of 127.0.0.1. */
export function serveAws(world: World, options: GatewayOptions): Promise<LoopbackServer> {
  return serveOnLoopback(createAwsHandler(world, options));
}

/** The data behind answers to requests, besides the world. */
interface Served extends GatewayOptions {
  readonly moto: MotoClient;
  readonly secrets: TaskSecrets;
  readonly agents: ReturnType<typeof createAgentConnections>;
}

async function answer(
  world: World,
  options: Served,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = request.url ?? "/";
  if (request.method === "POST" && url === "/agent") {
    const poll = (await readJson(request)) as object as AgentPoll;
    const ordersOf = async () => {
      await options.secrets.prepare(poll);
      const context = { ...homeOf(world, options), now: Date.now() };
      return pollAgent(context, poll, (task) => options.secrets.of(task));
    };
    const orders = await options.agents(poll, ordersOf, () => response.destroyed);
    if (orders !== undefined) {
      send(response, 200, orders);
    }
    return;
  }
  const [prefix, name = ""] = String(request.headers["x-amz-target"] ?? "").split(".");
  const scope = credentialScope(request.headers, url);
  const api = options.apis.find(({ targetPrefix, service }) =>
    targetPrefix === undefined ? service === scope?.service : targetPrefix === prefix,
  );
  if (scope === undefined && api?.agentOperations.includes(name) !== true) {
    await passUnsigned(world, options.motoPort, request, response);
    return;
  }
  if (api !== undefined && api.motoOperations?.includes(name) !== true) {
    const called = await readCall(api, name, request);
    await answerCall(world, options, { api, ...called, scope, request }, response);
  } else if (scope !== undefined) {
    failByFault(takeFault(world, { service: scope.service, operation: name, input: "" }));
    const { service, accessKeyId: principal } = scope;
    const account = accountOf(principal, world.account);
    await passOn(world, { service, port: options.motoPort, account, principal }, request, response);
  }
}

/** Passes on the one call that nobody can sign, since it obtains the keys. @throws ApiError for every other */
async function passUnsigned(
  world: World,
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request, tooLarge);
  const form = new URLSearchParams(body);
  const operation = form.get("Action");
  if (operation !== "AssumeRoleWithWebIdentity") {
    throw new ApiError(
      "MissingAuthenticationToken",
      "The request has no credential scope: it is not signed.",
      403,
    );
  }
  const { account } = world;
  if (form.get("RoleArn")?.split(":")[4] !== account) {
    throw notModelled(`a role of an account other than ${account}, assumed with a web identity`);
  }
  failByFault(takeFault(world, { service: "sts", operation, input: "" }));
  await passOn(world, { service: "sts", port, account, body, principal: undefined }, request, response);
}

/**
 * Passes a call on to moto, and notes it, also where moto has failed at it.
 * @throws ApiError as {@link proxy}, and for such a failure
 */
async function passOn(
  world: World,
  { principal, ...target }: ProxyTarget & { readonly principal: string | undefined },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { failure, ...served } = await proxy(request, response, target);
  const { service } = target;
  note(world, { kind: "call", service, ...served, caller: callerOf(request), principal, detail: {} });
  if (failure !== undefined) {
    throw failure;
  }
}

/** @throws ApiError of the fault, and Error for a fault that isn't an error. */
function failByFault(fault: FaultEffect | undefined): void {
  if (fault?.kind === "error") {
    throw new ApiError(fault.code, fault.message, fault.status);
  } else if (fault !== undefined) {
    throw new Error(`A call that moto answers cannot be hit by ${fault.kind}.`);
  }
}

/** @throws ApiError when the service has no operation for a method and a URL */
async function readCall({ service, read }: Api, target: string, request: IncomingMessage): Promise<RestCall> {
  const body = await readJson(request);
  if (read === undefined) {
    return { name: target, input: body };
  }
  const { method = "", url = "" } = request;
  const call = read({ method, url, body });
  if (call === undefined) {
    throw new ApiError("UnknownOperationException", `${service} has no operation ${method} ${url}.`);
  }
  return call;
}

interface Call extends RestCall {
  readonly api: Api;
  readonly scope: CredentialScope | undefined;
  readonly request: IncomingMessage;
}

function homeOf(world: World, { settings = defaultSettings }: GatewayOptions): Place {
  return { world, settings };
}

async function answerCall(
  world: World,
  options: Served,
  call: Call,
  response: ServerResponse,
): Promise<void> {
  const { api, name, input, scope, request } = call;
  const by = { caller: callerOf(request), principal: scope?.accessKeyId };
  const text = JSON.stringify(input);
  const fault = takeFault(world, { service: api.service, operation: name, input: text });
  let output: object;
  try {
    if (fault?.kind === "error") {
      failByFault(fault);
    }
    const home = homeOf(world, options);
    const place =
      scope === undefined ? home : placeOf(home, accountOf(scope.accessKeyId, world.account), scope.region);
    const context: Context = { ...place, now: Date.now() };
    const { account } = place.world;
    const { region } = place.settings;
    await api.authorise?.(input, { account, region, moto: motoClient(options.motoPort, account) });
    // Validation turns timestamps into dates, so the journal keeps a copy of the input.
    output = callOperation(api, name, JSON.parse(text) as object, context);
    journalCall(world, { api, name, input, status: 200, ...by, answer: { output } });
  } catch (error) {
    const problem = toApiError(error);
    const answer = { error: problem.code };
    journalCall(world, { api, name, input, status: problem.status, ...by, answer });
    throw problem;
  } finally {
    await untilAnswered(world, fault);
  }
  if (fault?.kind === "late-insights" && typeof input["cluster"] === "string") {
    receiveLateInsights(world, options.moto, {
      cluster: input["cluster"],
      region: scope?.region ?? "",
      milliseconds: fault.milliseconds,
    });
  }
  if (fault?.kind === "lost-answer") {
    request.socket.destroy();
  } else {
    send(response, 200, output);
  }
}

function callerOf({ headers }: IncomingMessage): string {
  return (headers["user-agent"] ?? "").split(" ")[0] ?? "";
}

async function readJson(request: IncomingMessage): Promise<JsonObject> {
  const text = await readBody(request, tooLarge);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text === "" ? "{}" : text);
  } catch {
    throw new ApiError("SerializationException", "The request's body is not JSON.");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new ApiError("SerializationException", "The request's body is not a JSON object.");
  }
  return parsed as JsonObject;
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) {
    return error;
  }
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return defect(reason);
}

/** Answers an error as JSON to a call that names its target, and as XML to all others, as their protocols require. */
function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  { code, message, status }: ApiError,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.setHeader("x-amzn-errortype", code);
  const { headers, url = "" } = request;
  const speaksJson = headers["x-amz-target"] ?? credentialScope(headers, url)?.service === "scheduler";
  if (speaksJson !== false || url === "/agent") {
    send(response, status, { __type: code, message, Message: message });
    return;
  }
  const text = message.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  response.writeHead(status, { "content-type": "text/xml" });
  response.end(
    `<ErrorResponse><Error><Code>${code}</Code><Message>${text}</Message></Error></ErrorResponse>`,
  );
}

/** Sends JSON 1.1, in which a timestamp is a number of seconds since the epoch. */
function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(toWire(body));
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
  response.end(text);
}

function toWire(value: unknown): unknown {
  if (value instanceof Date) {
    return value.getTime() / 1000;
  }
  if (Array.isArray(value)) {
    return value.map(toWire);
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toWire(member)]));
  }
  return value;
}
