import { createServer } from "node:net";
import type { Assignment } from "../../../machines";

/** The port that a container with a host port listens on. */
export function containerPort({ name, containerPort: port }: Assignment["container"]): number {
  if (port === undefined) {
    throw new Error(`CannotStartContainerError: container ${name} has a host port but no container port`);
  }
  return port;
}

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
