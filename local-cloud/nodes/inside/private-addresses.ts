import { request } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream";
import { type Stop, repeat } from "./repetition";
import { log, reason, type Settings } from "./settings";

type Place = Pick<Settings, "cloudSocket" | "machine">;

/** Milliseconds until the clouds are asked again after they have hung up. */
const again = 1000;

/**
 * Makes the private addresses of this machine's network reachable: listens on each of them, which the machine's
 * loopback interface has, and passes connections on to the clouds.
 */
export function reachPrivateAddresses(place: Place): Stop {
  const relays = new Map<string, Server>();
  const serve = (addresses: readonly string[]): void => {
    for (const [address, relay] of relays) {
      if (!addresses.includes(address)) {
        relay.close();
        relays.delete(address);
      }
    }
    for (const address of addresses.filter((each) => !relays.has(each))) {
      relays.set(address, listen(place, address));
    }
  };
  const stop = repeat(async () => {
    await follow(place, serve).catch((error: unknown) => log(`private addresses: ${reason(error)}`));
    return again;
  });
  return () => {
    stop();
    serve([]);
  };
}

/** Passes on each line of addresses until the clouds hang up. */
function follow({ cloudSocket, machine }: Place, serve: (addresses: string[]) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "x-machine": machine };
    request({ socketPath: cloudSocket, path: "/machine/network", headers }, (answer) => {
      answer.once("error", reject);
      createInterface(answer)
        .on("line", (line) => serve(JSON.parse(line) as string[]))
        .once("close", resolve);
    })
      .once("error", reject)
      .end();
  });
}

function listen(place: Place, address: string): Server {
  const [host, port] = address.split(":");
  return createServer({ allowHalfOpen: true }, (client) => relay(place, address, client))
    .on("error", (error) => log(`${address} can't be reached from this machine: ${error.message}`))
    .listen({ host, port: Number(port) });
}

function relay({ cloudSocket, machine }: Place, address: string, client: Socket): void {
  const headers = { "x-machine": machine };
  const asked = request({ socketPath: cloudSocket, method: "CONNECT", path: address, headers })
    .once("connect", ({ statusCode }, cloud, head) => {
      if (statusCode !== 200) {
        cloud.destroy();
        client.resetAndDestroy();
        return;
      }
      cloud.unshift(head);
      pipeline(client, cloud, client, () => undefined);
    })
    .once("error", () => client.resetAndDestroy());
  client.once("error", () => asked.destroy());
  asked.end();
}
