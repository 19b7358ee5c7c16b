import { setImmediate, setTimeout as pause } from "node:timers/promises";
import type { Machines } from "../machines";
import { note, type JsonObject, type World } from "../world";
import type { Balancer } from "./balancing/balancer";
import type { CertificateAuthority } from "./balancing/certificate-authority";

/** The context of one DigitalOcean account's handlers. */
export interface Account {
  readonly world: World;
  readonly machines: Machines;
  /** How long a load balancer processes a change, and a certificate is pending. */
  readonly processingMilliseconds: number;
  /** Issues certificates. */
  readonly authority: CertificateAuthority;
  /** The listening proxies, by the load balancer's id. */
  readonly balancers: Map<string, Balancer>;
  readonly actions: Action[];
  /** A number that no droplet or action has had. */
  nextId(): number;
  /** Returns when this much time has passed, which may change meanwhile, or the account is closed. */
  lapse(milliseconds: () => number): Promise<void>;
  /** Does something after the answer; work on the same droplet is done one piece at a time. */
  enqueue(dropletId: number, work: () => Promise<void>): void;
  /** Notes something that happened. */
  event(name: string, detail: JsonObject): void;
  /** Ends every load balancer, and returns once nothing is in progress. */
  close(): Promise<void>;
}

/** Something that is done to a droplet after the call that asked for it. */
export interface Action {
  readonly id: number;
  readonly type: string;
  readonly dropletId: number;
  readonly region: string;
  status: "in-progress" | "completed" | "errored";
  readonly startedAt: number;
  completedAt: number | undefined;
}

/** Starts an account with nothing in progress. */
export function openAccount({
  world,
  machines,
  processingMilliseconds,
  authority,
}: Pick<Account, "world" | "machines" | "processingMilliseconds" | "authority">): Account {
  const underWay = new Map<number, Promise<void>>();
  const balancers = new Map<string, Balancer>();
  let lastId = 500_000_000;
  let isClosed = false;
  const event = (name: string, detail: JsonObject): void =>
    note(world, { kind: "event", service: "digitalocean", name, detail });
  return {
    world,
    machines,
    processingMilliseconds,
    authority,
    balancers,
    actions: [],
    nextId: () => (lastId += 1),
    lapse: async (milliseconds) => {
      const start = Date.now();
      while (!isClosed && Date.now() < start + milliseconds()) {
        await pause(20);
      }
    },
    enqueue: (dropletId, work) => {
      const done = (underWay.get(dropletId) ?? setImmediate())
        .then(work)
        .catch((error: unknown) => event("failed", { droplet_id: dropletId, reason: String(error) }));
      underWay.set(dropletId, done);
      void done.finally(() => {
        if (underWay.get(dropletId) === done) {
          underWay.delete(dropletId);
        }
      });
    },
    event,
    close: async () => {
      isClosed = true;
      await Promise.all([...balancers.values()].map((balancer) => balancer.close()));
      balancers.clear();
      await Promise.all(underWay.values());
    },
  };
}
