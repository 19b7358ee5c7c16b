import { json } from "node:stream/consumers";
import type { Activation } from "../aws/state";
import type { Behaviour } from "../digitalocean/behaviour";
import type { Fault } from "../faults";
import { serveOnLoopback, type LoopbackServer } from "../http-server";
import type { MachineSpec, Machines } from "../machines";
import type { Origin } from "../nodes/origin/origin";
import type { Entry, World } from "../world";

/** Registrations that belong to somebody else in the same account and region. */
export interface Foreign {
  readonly managedInstances: readonly string[];
  readonly containerInstances: readonly string[];
}

/** The one way to look into the world and to disturb it. */
export interface Admin {
  /** Entries after this position of the journal; 0 for all. */
  journal(after: number): Entry[];
  seedForeign(prefix: string): Foreign;
  addFault(fault: Fault): void;
  /** Ends the fault with this id. */
  clearFault(id: string): void;
  clearFaults(): void;
  /** Changes how DigitalOcean behaves from now on. */
  digitalocean(change: Partial<Behaviour>): void;
  /** Lets an activation expire now. */
  expireActivation(id: string): void;
  /** Delays an activation's tags on machines that register from now on by this many seconds; for ever for null. */
  delayTags(id: string, seconds: number | null): void;
  /** Replaces the body that machines get for a URL's path; nothing (404) for null. */
  serve(served: { readonly path: string; readonly body: string | null }): void;
  bootMachine(spec: MachineSpec): Promise<void>;
  destroyMachine(name: string): Promise<void>;
  machine(name: string, action: "power-off" | "power-on" | "agent-stop" | "agent-start"): Promise<void>;
  console(name: string): Promise<string>;
}

/** The clouds to administer. */
export interface Administered {
  readonly world: World;
  readonly machines: Machines;
  readonly seedForeign: (prefix: string) => Foreign;
  readonly origin: Origin | undefined;
}

function administration({ world, machines, seedForeign, origin }: Administered): Admin {
  const { aws, digitalocean, faults } = world;
  const activation = (id: string): Activation => {
    const found = aws.activations.get(id);
    if (found === undefined) {
      throw new Error(`there is no activation ${id}`);
    }
    return found;
  };
  return {
    journal: (after) => world.journal.slice(after),
    seedForeign,
    addFault: (fault) => faults.push(fault),
    clearFault: (id) => faults.splice(0, Infinity, ...faults.filter((fault) => fault.id !== id)),
    clearFaults: () => faults.splice(0),
    digitalocean: (change) => Object.assign(digitalocean.behaviour, change),
    expireActivation: (id) => (activation(id).expiresAt = Date.now()),
    delayTags: (id, seconds) => (activation(id).tagDelay = seconds === null ? Infinity : seconds * 1000),
    serve: ({ path, body }) => {
      if (origin === undefined) {
        throw new Error("machines download nothing here: that needs namespaces");
      }
      origin.serve(path, body ?? undefined);
    },
    bootMachine: (spec) => machines.boot(spec),
    destroyMachine: (name) => machines.destroy(name),
    machine: (name, action) =>
      ({
        "power-off": () => machines.powerOff(name),
        "power-on": () => machines.powerOn(name),
        "agent-stop": () => machines.agent(name, "stop"),
        "agent-start": () => machines.agent(name, "start"),
      })[action](),
    console: (name) => machines.console(name),
  };
}

/** Serves {@link Admin} on its own loopback port: `POST /METHOD` with the arguments as a list. */
export function serveAdmin(administered: Administered): Promise<LoopbackServer> {
  const methods = new Map(Object.entries(administration(administered)));
  return serveOnLoopback((request, response) => {
    const answer = async (): Promise<unknown> => {
      const method = methods.get((request.url ?? "").slice(1)) as
        ((...args: unknown[]) => unknown) | undefined;
      if (method === undefined) {
        throw new Error(`${request.url ?? ""} is unknown`);
      }
      return method(...((await json(request)) as unknown[]));
    };
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body ?? null));
    };
    answer().then(
      (result) => send(200, result),
      (error: unknown) => send(400, { error: error instanceof Error ? error.message : String(error) }),
    );
  });
}
