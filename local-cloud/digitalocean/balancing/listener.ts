import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { ListenOptions, Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { closeServer, listen } from "../../http-server";
import type { KeyPair } from "./certificate-authority";

/** A server for one entry port of a load balancer. */
export interface Listener {
  readonly protocol: string;
  /** Listens for clients itself. @throws Error with the system's code when it can't */
  listen(where: ListenOptions): Promise<void>;
  /** Serves a client that has come some other way, from this address. */
  accept(connection: Socket, client: string): void;
  /** Serves new connections with another certificate; nothing else notices. */
  present(pair: KeyPair | undefined): void;
  /** Ends it and every connection. */
  close(): Promise<void>;
}

/** Decides about clients, and answers them. */
export interface Reception {
  readonly isAdmitted: (client: string) => boolean;
  readonly handle: (request: IncomingMessage, response: ServerResponse, client: string) => void;
  /** How long a connection may be kept without a request. */
  readonly idleMilliseconds: () => number;
}

/**
 * Creates a listener that terminates TLS if it has a certificate, and reads HTTP/1.1 from admitted clients. Others are
 * turned away before they send anything.
 */
export function createListener(
  protocol: string,
  pair: KeyPair | undefined,
  { isAdmitted, handle, idleMilliseconds }: Reception,
): Listener {
  const clients = new WeakMap<Socket, string>();
  const accepted = new Set<Socket>();
  const addressOf = (socket: Socket): string => clients.get(socket) ?? socket.remoteAddress ?? "";
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    server.keepAliveTimeout = idleMilliseconds();
    handle(request, response, addressOf(request.socket));
  };
  let presented = pair;
  const tls = pair && createTlsServer(pair, answer);
  const server = tls ?? createServer(answer);
  server.on("connection", (socket: Socket) => {
    if (!isAdmitted(addressOf(socket))) {
      socket.destroy();
    }
  });
  return {
    protocol,
    listen: (where) => listen(server, where),
    accept: (connection, client) => {
      accepted.add(connection.once("close", () => accepted.delete(connection)));
      clients.set(connection, client);
      if (presented === undefined) {
        server.emit("connection", connection);
      } else if (isAdmitted(client)) {
        // A server that terminates TLS itself forgets which connection a secure one came from.
        const secure = new TLSSocket(connection, {
          isServer: true,
          secureContext: createSecureContext(presented),
        });
        clients.set(secure, client);
        server.emit("secureConnection", secure);
      } else {
        connection.destroy();
      }
    },
    present: (next) => {
      if (next !== undefined) {
        presented = next;
        tls?.setSecureContext(next);
      }
    },
    close: async () => {
      accepted.forEach((connection) => connection.destroy());
      await closeServer(server);
    },
  };
}
