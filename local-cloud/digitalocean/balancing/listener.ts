import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { KeyPair } from "./certificate-authority";

/** A server for one entry port of a load balancer. */
export interface Listener {
  readonly protocol: string;
  readonly server: Server;
  /** Serves new connections with another certificate; nothing else notices. */
  present(pair: KeyPair | undefined): void;
}

/**
 * Makes a listener that ends TLS where it has a certificate, and reads HTTP/1.1 of the clients that are admitted.
 * A client is turned away before it says anything.
 */
export function createListener(
  protocol: string,
  pair: KeyPair | undefined,
  { isAdmitted, handle }: { isAdmitted: (client: string) => boolean; handle: RequestListener },
): Listener {
  const tls = pair && createTlsServer(pair, handle);
  const server = tls ?? createServer(handle);
  server.on("connection", (socket: Socket) => {
    if (!isAdmitted(socket.remoteAddress ?? "")) {
      socket.destroy();
    }
  });
  return {
    protocol,
    server,
    present: (next) => {
      if (next !== undefined) {
        tls?.setSecureContext(next);
      }
    },
  };
}
