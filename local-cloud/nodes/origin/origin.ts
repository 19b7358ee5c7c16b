import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { takeFault } from "../../faults";
import { closeServer, listen } from "../../http-server";
import type { World } from "../../world";
import { sign } from "./signature";

const installer = "/ecs-anywhere-install-latest.sh";
const signingKey = "/aws/amazon-ecs-agent/master/scripts/amazon-ecs-agent.gpg";
const packageFile = /^\/(?:.*\/)?(amazon-ecs-init|amazon-ssm-agent)[^/]*\.deb$/;

/** The source of machines' downloads: stands in for every https URL of the real installation. */
export interface Origin {
  /** Serves this body for a URL's path from now on; nothing (404) when undefined. */
  serve(path: string, body: string | undefined): void;
  close(): Promise<void>;
}

/**
 * Serves the installer, its signature, the signing key and the agents' packages over TLS on a Unix socket.
 * Faults: service `machine`, operation = the URL's path.
 */
export async function serveOrigin(world: World, socketPath: string): Promise<Origin> {
  const file = (name: string): Promise<string> => readFile(join(__dirname, name), "utf8");
  const [script, secretKey, key, cert] = await Promise.all(
    ["installer.sh", "signing-key.asc", "origin-key.pem", "origin-certificate.pem"].map(file),
  );
  const { signature, publicKey } = await sign(script ?? "", secretKey ?? "");
  const bodies = new Map<string, string | undefined>([
    [installer, script],
    [`${installer}.asc`, signature],
    [signingKey, publicKey],
  ]);

  const answer = (path: string): string | undefined =>
    bodies.has(path) ? bodies.get(path) : packageFile.exec(path)?.[1];

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const path = new URL(request.url ?? "/", "https://origin").pathname;
    const host = request.headers.host ?? "";
    const fault = takeFault(world, { service: "machine", operation: path, input: `https://${host}${path}` });
    if (fault?.kind === "lost-answer") {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === "error") {
      response.writeHead(fault.status).end(fault.message);
      return;
    }
    const body = answer(path);
    setTimeout(
      () => response.writeHead(body === undefined ? 404 : 200).end(body ?? `no ${path} on ${host}\n`),
      fault?.milliseconds ?? 0,
    );
  };

  const server = createServer({ key, cert }, handle);
  await listen(server, { path: socketPath });
  return {
    serve: (path, body) => {
      bodies.set(path, body);
    },
    close: () => closeServer(server),
  };
}
