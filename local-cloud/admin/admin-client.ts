import { randomUUID } from "node:crypto";
import type { Foreign, Served, Summary } from "./admin";
import type { Behaviour } from "../digitalocean/behaviour";
import type { Fault } from "../faults";
import type { MachineSpec } from "../machines";
import type { Entry } from "../world";

/** The admin endpoint from the other side. Every call fails after 30 s, or with the endpoint's own message. */
export interface AdminClient {
  /** Entries behind this position of the journal; 0 for all. */
  journal(after: number): Promise<Entry[]>;
  summary(): Promise<Summary>;
  seedForeign(prefix: string): Promise<Foreign>;
  /** Returns what clears this fault alone. */
  inject(fault: Fault): Promise<() => Promise<void>>;
  clearFaults(): Promise<void>;
  /** Changes how DigitalOcean behaves from now on. */
  digitalocean(change: Partial<Behaviour>): Promise<void>;
  /** Puts the clock that schedules go by so far ahead of time. */
  aheadOfTime(milliseconds: number): Promise<void>;
  /** Ends an activation's time now. */
  expireActivation(id: string): Promise<void>;
  /** Lets machines that register with an activation from now on get its tags so many seconds later; never for null. */
  delayTags(id: string, seconds: number | null): Promise<void>;
  /** Replaces what machines download. */
  serve(served: Served): Promise<void>;
  bootMachine(spec: MachineSpec): Promise<void>;
  destroyMachine(name: string): Promise<void>;
  machine(name: string, action: "power-off" | "power-on" | "agent-stop" | "agent-start"): Promise<void>;
  console(name: string): Promise<string>;
}

/** Talks to {@link serveAdmin}. */
export function adminClient(endpoint: string): AdminClient {
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${endpoint}${path}`, {
      method,
      signal: AbortSignal.timeout(30_000),
      ...(method === "POST" ? { body: JSON.stringify(body ?? null) } : {}),
    });
    const answered: unknown = await response.json();
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${(answered as { error: string }).error}`);
    }
    return answered;
  };
  const done = async (answered: Promise<unknown>): Promise<void> => {
    await answered;
  };
  return {
    journal: async (after) => (await call("GET", `/journal/${after}`)) as Entry[],
    summary: async () => (await call("GET", "/summary")) as Summary,
    seedForeign: async (prefix) => (await call("POST", "/foreign", { prefix })) as Foreign,
    inject: async (fault) => {
      const id = randomUUID();
      await call("POST", "/faults", { ...fault, id });
      return () => done(call("DELETE", `/faults/${id}`));
    },
    clearFaults: () => done(call("DELETE", "/faults")),
    digitalocean: (change) => done(call("POST", "/digitalocean", change)),
    aheadOfTime: (aheadMilliseconds) => done(call("POST", "/clock", { aheadMilliseconds })),
    expireActivation: (id) => done(call("POST", `/activations/${id}/expire`)),
    delayTags: (id, seconds) => done(call("POST", `/activations/${id}/tag-delay`, { seconds })),
    serve: (served) => done(call("POST", "/origin", served)),
    bootMachine: (spec) => done(call("POST", "/machines", spec)),
    destroyMachine: (name) => done(call("DELETE", `/machines/${name}`)),
    machine: (name, action) => done(call("POST", `/machines/${name}/${action}`)),
    console: async (name) => (await call("GET", `/machines/${name}/console`)) as string,
  };
}
