import { rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { Stop } from "../repetition";
import { log, type Settings } from "../settings";

/** A machine's own addresses, without those of its private network, which belong to others. */
const addresses = ["127.0.0.1", "172.17.0.1"];

/**
 * Makes a container's port reachable at a port of its machine, and from outside the machine's network namespace as a
 * Unix socket named after that port.
 */
export function publish(
  { socketDirectory, sandbox }: Settings,
  hostPort: number,
  target: { readonly host: string; readonly port: number },
): Stop {
  const path = join(socketDirectory, `${hostPort}.sock`);
  rmSync(path, { force: true });
  // The port itself if it is the machine's own: everybody's without namespaces, the container's on the host network.
  const own = sandbox === "namespaces" && target.host !== "127.0.0.1";
  const places = [{ path }, ...(own ? addresses.map((host) => ({ host, port: hostPort })) : [])];
  const servers = places.map((place) =>
    createServer({ allowHalfOpen: true }, (outside) =>
      relay(outside, connect({ ...target, allowHalfOpen: true })),
    )
      .on("error", (error) => log(`port ${hostPort} can't be reached from outside: ${error.message}`))
      .listen(place),
  );
  return () => servers.forEach((server) => server.close());
}

/** Joins two connections. Not by `pipeline`, which takes as long for each of them as all else here together. */
function relay(outside: Socket, inside: Socket): void {
  pass(outside, inside);
  pass(inside, outside);
}

/** Passes on what comes from one until its end; when it breaks off before that, so does the other. */
function pass(from: Socket, to: Socket): void {
  from
    // The close event reports the outcome.
    .on("error", () => undefined)
    .on("close", (broken) => {
      if (broken || !from.readableEnded) {
        to.destroy();
      }
    })
    .pipe(to);
}
