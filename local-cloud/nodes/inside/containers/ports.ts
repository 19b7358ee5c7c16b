import { createServer } from "node:net";
import type { PortMapping } from "../../../machines";

/** The first port for containers that accept any. */
const firstDynamicPort = 32_768;

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") {
          reject(new Error("no free port on 127.0.0.1"));
        } else {
          resolve(address.port);
        }
      });
    });
  });
}

/**
 * Gives a container its ports on the machine, which are in use from then on.
 * @returns why it can't have them, in Docker's words
 */
export function bindPorts(ports: readonly PortMapping[], used: Set<number>): readonly PortMapping[] | string {
  const bindings: PortMapping[] = [];
  for (const { containerPort, hostPort } of ports) {
    let port = hostPort === 0 ? firstDynamicPort : hostPort;
    while (hostPort === 0 && used.has(port)) {
      port += 1;
    }
    if (used.has(port)) {
      return `Bind for 0.0.0.0:${port} failed: port is already allocated`;
    }
    used.add(port);
    bindings.push({ containerPort, hostPort: port });
  }
  return bindings;
}
