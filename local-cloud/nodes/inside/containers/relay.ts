import { rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream";
import type { Stop } from "../repetition";
import { log } from "../settings";

/**
 * Makes a TCP port of this machine reachable from outside its network namespace, as a Unix socket
 * named after the host port.
 */
export function publish(socketDirectory: string, hostPort: number, containerPort: number): Stop {
  const path = join(socketDirectory, `${hostPort}.sock`);
  rmSync(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (outside) => {
    const inside = connect({ host: "127.0.0.1", port: containerPort, allowHalfOpen: true });
    const ended = (error: unknown): void => {
      if (error instanceof Error) {
        inside.destroy();
        outside.destroy();
      }
    };
    pipeline(outside, inside, ended);
    pipeline(inside, outside, ended);
  });
  server.on("error", (error) => {
    log(`port ${hostPort} can't be reached from outside: ${error.message}`);
  });
  server.listen(path);
  return () => {
    server.close();
  };
}
