import { createServer, type RequestListener, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { MachineSpec, Machines } from "../../local-cloud/machines";
import type { PrivateNetwork } from "../../local-cloud/private-network";

/** Machines that are web servers in this process, which can be switched off and on. */
export interface FakeMachines extends Machines {
  readonly specs: Map<string, MachineSpec>;
  /** Connections made to each machine so far. */
  readonly connections: Map<string, number>;
  /** The machines' network. */
  network: PrivateNetwork | undefined;
  /** Switches a machine off from inside. */
  switchOff: (name: string) => Promise<void>;
  /** The specs that machines boot with. */
  onBoot: (spec: MachineSpec) => Promise<void>;
}

/** Each machine answers every port with `serve`. They pass for machines of this sandbox. */
export function fakeMachines(
  serve: (name: string) => RequestListener = () => answerOk,
  sandbox: Machines["sandbox"] = "process",
): FakeMachines {
  const servers = new Map<string, Server>();
  const specs = new Map<string, MachineSpec>();
  const connections = new Map<string, number>();
  const start = async (name: string): Promise<void> => {
    const server = createServer(serve(name));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    servers.set(name, server);
  };
  const stop = (name: string): Promise<void> => {
    servers.get(name)?.closeAllConnections();
    servers.get(name)?.close();
    servers.delete(name);
    return Promise.resolve();
  };
  const machines: FakeMachines = {
    sandbox,
    specs,
    connections,
    network: undefined,
    reach: (network) => {
      machines.network = network;
    },
    onBoot: () => Promise.resolve(),
    whenOff: (told) => {
      machines.switchOff = async (name) => {
        await stop(name);
        told(name);
      };
    },
    switchOff: stop,
    boot: async (spec) => {
      await machines.onBoot(spec);
      specs.set(spec.name, spec);
      await start(spec.name);
    },
    powerOff: stop,
    powerOn: start,
    agent: () => Promise.resolve(),
    output: () => Promise.resolve([]),
    destroy: async (name) => {
      await stop(name);
      specs.delete(name);
    },
    connect: (name) => {
      connections.set(name, (connections.get(name) ?? 0) + 1);
      const address = servers.get(name)?.address() as AddressInfo | undefined;
      // Port 1 of loopback refuses, as a machine without a listener does.
      return connect(address?.port ?? 1, "127.0.0.1");
    },
    console: () => Promise.resolve(""),
    close: async () => {
      await Promise.all([...servers.keys()].map(stop));
    },
  };
  return machines;
}

const answerOk: RequestListener = (_request, response) => {
  response.end("ok");
};

/** Waits until a condition holds. @throws after 10 s */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`not within 10 s: ${condition.toString()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
