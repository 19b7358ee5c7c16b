import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { takeFault } from "../faults";
import { closeServer, createPatientServer, listen } from "../http-server";
import type { PrivateNetwork } from "../private-network";
import { type JsonObject, note, type World } from "../world";
import { servePrivateAddresses, streamPrivateAddresses } from "./private-addresses";

/** Something that happened on a machine, as its supervisor reports it. */
export interface MachineEvent {
  readonly machine: string;
  readonly event: "booted" | "ready" | "failed" | "powering-off";
  readonly detail: JsonObject;
}

/** A call of a program that the recorder stands in for. */
interface ToolCall {
  readonly machine: string;
  readonly program: string;
  readonly parameters: readonly string[];
}

/**
 * Listens on the Unix socket through which machines reach the clouds. Handles supervisors' reports (`/machine/…`) and
 * connections in their networks; everything else is for the clouds' handler. Faults: service `machine`, operation = the
 * program (`apt-get`).
 */
export async function serveCloudSocket(
  world: World,
  socketPath: string,
  handler: RequestListener,
  happened: (event: MachineEvent) => void,
  network: PrivateNetwork,
): Promise<{ close(): Promise<void> }> {
  const server = createPatientServer((request, response) => {
    if (request.url?.startsWith("/machine/") !== true) {
      handler(request, response);
      return;
    }
    if (request.url === "/machine/network") {
      streamPrivateAddresses(network, request, response);
      return;
    }
    answer(world, request, response, happened).catch((error: unknown) => {
      response.writeHead(500).end(JSON.stringify({ message: String(error) }));
    });
  });
  servePrivateAddresses(server, network);
  await listen(server, { path: socketPath });
  return { close: () => closeServer(server) };
}

async function answer(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  happened: (event: MachineEvent) => void,
): Promise<void> {
  const body: unknown = await json(request);
  if (request.url === "/machine/event") {
    happened(body as MachineEvent);
    response.end("{}");
    return;
  }
  const { machine, program, parameters } = body as ToolCall;
  const detail = { parameters };
  note(world, { kind: "event", service: "machine", name: program, caller: machine, detail });
  const input = JSON.stringify({ machine, parameters });
  const fault = takeFault(world, { service: "machine", operation: program, input });
  if (fault?.kind === "delay") {
    await pause(fault.milliseconds);
  }
  response.end(JSON.stringify(fault ?? {}));
}
