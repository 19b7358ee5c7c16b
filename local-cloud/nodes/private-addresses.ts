import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { PrivateNetwork } from "../private-network";

/** Milliseconds between two looks at the listening addresses. */
const look = 250;
const machineHeader = "x-machine";

/**
 * Lets machines reach the addresses of their networks through a server: `CONNECT 10.100.0.5:80`, where the header
 * X-Machine names the machine, becomes a connection to that address.
 */
export function servePrivateAddresses(server: Server, network: PrivateNetwork): void {
  server.on("connect", (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    const accept = network.open(machineOf(request), request.url ?? "");
    if (accept === undefined || !(connection instanceof Socket)) {
      connection.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    connection.write("HTTP/1.1 200 OK\r\n\r\n");
    connection.unshift(head);
    accept(connection);
  });
}

/** Answers with the addresses that a machine reaches: a line of JSON now, and one after each change. */
export function streamPrivateAddresses(
  network: PrivateNetwork,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const machine = machineOf(request);
  let told = "";
  const tell = (): void => {
    const line = `${JSON.stringify(network.addresses(machine))}\n`;
    if (line !== told) {
      response.write(line);
      told = line;
    }
  };
  const timer = setInterval(tell, look);
  response.on("close", () => clearInterval(timer));
  tell();
}

function machineOf({ headers }: IncomingMessage): string {
  return String(headers[machineHeader] ?? "");
}
