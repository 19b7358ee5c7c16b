import type { IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import type { Activation } from "../aws/state";
import type { Behaviour } from "../digitalocean/behaviour";
import type { Fault } from "../faults";
import { serveOnLoopback, type LoopbackServer } from "../http-server";
import type { MachineSpec, Machines } from "../machines";
import type { Origin } from "../nodes/origin/origin";
import type { World } from "../world";

/** How many things there are, for a first look. */
export interface Summary {
  readonly activations: number;
  readonly managedInstances: number;
  readonly containerInstances: number;
  readonly droplets: number;
  readonly machines: "namespaces" | "process";
}

/** Registrations that belong to somebody else in the same account and region. */
export interface Foreign {
  readonly managedInstances: readonly string[];
  readonly containerInstances: readonly string[];
}

/** What machines get for a URL's path from now on; nothing (404) for null. */
export interface Served {
  readonly path: string;
  readonly body: string | null;
}

/** How long after it registers with an activation a machine gets that activation's tags; never for null. */
export interface TagDelay {
  readonly seconds: number | null;
}

/** What the admin endpoint works on. */
export interface Administered {
  readonly world: World;
  readonly machines: Machines;
  readonly seedForeign: (prefix: string) => Foreign;
  readonly origin: Origin | undefined;
}

type Handler = (administered: Administered, body: unknown, ...captured: string[]) => unknown;

const routes: readonly (readonly [string, RegExp, Handler])[] = [
  ["GET", /^\/journal\/(\d+)$/, ({ world }, _, after) => world.journal.slice(Number(after))],
  ["GET", /^\/summary$/, ({ world, machines }) => summarise(world, machines)],
  ["POST", /^\/foreign$/, ({ seedForeign }, body) => seedForeign((body as { prefix: string }).prefix)],
  ["POST", /^\/faults$/, ({ world }, body) => world.faults.push(body as Fault)],
  ["DELETE", /^\/faults$/, ({ world }) => world.faults.splice(0).length],
  [
    "DELETE",
    /^\/faults\/([\w-]+)$/,
    ({ world }, _, id) => {
      const index = world.faults.findIndex((fault) => fault.id === id);
      return index < 0 ? 0 : world.faults.splice(index, 1).length;
    },
  ],
  [
    "POST",
    /^\/digitalocean$/,
    ({ world }, body) => Object.assign(world.digitalocean.behaviour, body as Partial<Behaviour>),
  ],
  ["POST", /^\/clock$/, ({ world }, body) => Object.assign(world.clock, body as Partial<World["clock"]>)],
  [
    "POST",
    /^\/activations\/([\w-]+)\/expire$/,
    ({ world }, _, id = "") => {
      expire(world, id);
    },
  ],
  [
    "POST",
    /^\/activations\/([\w-]+)\/tag-delay$/,
    ({ world }, body, id = "") => {
      delayTags(world, id, body as TagDelay);
    },
  ],
  [
    "POST",
    /^\/origin$/,
    ({ origin }, body) => {
      serveInstead(origin, body as Served);
    },
  ],
  ["POST", /^\/machines$/, ({ machines }, body) => machines.boot(body as MachineSpec)],
  ["GET", /^\/machines\/([\w.-]+)\/console$/, ({ machines }, _, name = "") => machines.console(name)],
  ["POST", /^\/machines\/([\w.-]+)\/power-off$/, ({ machines }, _, name = "") => machines.powerOff(name)],
  ["POST", /^\/machines\/([\w.-]+)\/power-on$/, ({ machines }, _, name = "") => machines.powerOn(name)],
  [
    "POST",
    /^\/machines\/([\w.-]+)\/agent-stop$/,
    ({ machines }, _, name = "") => machines.agent(name, "stop"),
  ],
  [
    "POST",
    /^\/machines\/([\w.-]+)\/agent-start$/,
    ({ machines }, _, name = "") => machines.agent(name, "start"),
  ],
  ["DELETE", /^\/machines\/([\w.-]+)$/, ({ machines }, _, name = "") => machines.destroy(name)],
];

/** Serves the one way to look into the world and to disturb it, on a loopback port of its own. */
export function serveAdmin(administered: Administered): Promise<LoopbackServer> {
  return serveOnLoopback((request, response) => {
    answer(administered, request).then(
      ({ status, body }) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body ?? null));
      },
      (error: unknown) => {
        response.writeHead(400, { "content-type": "application/json" });
        response.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
      },
    );
  });
}

async function answer(
  administered: Administered,
  request: IncomingMessage,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const path = request.url ?? "/";
  for (const [method, pattern, handle] of routes) {
    const match = pattern.exec(path);
    if (method === request.method && match !== null) {
      const body = method === "POST" ? await json(request) : undefined;
      return { status: 200, body: await handle(administered, body, ...match.slice(1)) };
    }
  }
  return { status: 404, body: { error: `${request.method ?? ""} ${path} is unknown` } };
}

function expire(world: World, id: string): void {
  activationOf(world, id).expiresAt = Date.now();
}

function delayTags(world: World, id: string, { seconds }: TagDelay): void {
  activationOf(world, id).tagDelay = seconds === null ? Infinity : seconds * 1000;
}

function activationOf({ aws }: World, id: string): Activation {
  const activation = aws.activations.get(id);
  if (activation === undefined) {
    throw new Error(`there is no activation ${id}`);
  }
  return activation;
}

function serveInstead(origin: Origin | undefined, { path, body }: Served): void {
  if (origin === undefined) {
    throw new Error("machines download nothing here: that needs namespaces");
  }
  origin.serve(path, body ?? undefined);
}

function summarise({ aws, digitalocean }: World, { sandbox }: Machines): Summary {
  return {
    activations: [...aws.activations.values()].filter(({ deleted }) => !deleted).length,
    managedInstances: aws.managedInstances.size,
    containerInstances: [...aws.containerInstances.values()].filter(({ status }) => status !== "INACTIVE")
      .length,
    droplets: digitalocean.droplets.size,
    machines: sandbox,
  };
}
