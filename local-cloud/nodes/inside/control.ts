import { rmSync } from "node:fs";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createPatientServer, listen } from "../../http-server";
import { log, reason, type Settings } from "./settings";
import type { Tools } from "./system/tools";

/** The commands of a machine's control socket. */
export interface Controls {
  readonly tools: Tools;
  /** Kills or starts both agents. */
  agent(action: "stop" | "start"): void;
}

/** Where the recorder finds a machine with namespaces. Amazon ECS reserves the port: no task may have it. */
const recorderPort = 51680;

/**
 * Listens on `control.sock`, and with namespaces at {@link recorderPort}: `POST /tool` (the recorder: words, each with a
 * NUL after it) and `POST /agent/stop|start`. Resolves when it does.
 */
export async function serveControls(
  { socketDirectory, sandbox }: Settings,
  controls: Controls,
): Promise<void> {
  const path = join(socketDirectory, "control.sock");
  rmSync(path, { force: true });
  const listener: RequestListener = (request, response) => {
    answer(request, response, controls).catch((error: unknown) => {
      log(`control: ${reason(error)}`);
      response.writeHead(500).end(`1\n${reason(error)}\n`);
    });
  };
  if (sandbox === "namespaces") {
    await listen(createPatientServer(listener), { host: "127.0.0.1", port: recorderPort });
  }
  await listen(createPatientServer(listener), { path });
}

async function answer(request: IncomingMessage, response: ServerResponse, controls: Controls): Promise<void> {
  const action = /^\/agent\/(stop|start)$/.exec(request.url ?? "")?.[1];
  if (action === "stop" || action === "start") {
    controls.agent(action);
    response.end();
    return;
  }
  const [program = "", ...parameters] = (await text(request)).split("\0").slice(0, -1);
  const { code, output } = await controls.tools(program, parameters);
  response.end(`${code}\n${output}`);
}
