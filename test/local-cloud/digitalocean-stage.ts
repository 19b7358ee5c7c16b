import { afterEach, beforeEach, expect } from "@jest/globals";
import { serveDigitalOcean, type DigitalOcean } from "../../local-cloud/digitalocean/api/api";
import { createWorld, type World } from "../../local-cloud/world";
import { fakeMachines, until, type FakeMachines } from "./fake-machines";

/** An answer of the API. */
export interface Reply {
  readonly status: number;
  /** Those of these that an answer has. */
  readonly body: {
    readonly id?: string;
    readonly message?: string;
    readonly droplet?: { readonly id: number; readonly status: string };
    readonly load_balancer?: { readonly id: string };
    readonly firewall?: object;
    readonly vpc?: { readonly id: string };
    readonly tag?: object;
    readonly tags?: readonly object[];
    readonly action?: { readonly id: number; readonly status: string };
    readonly links?: { readonly pages: { readonly next?: string } };
    readonly meta?: object;
    readonly regions?: readonly {
      readonly slug: string;
      readonly available: boolean;
      readonly sizes: readonly string[];
    }[];
    readonly sizes?: readonly { readonly slug: string; readonly regions: readonly string[] }[];
    readonly image?: { readonly regions: readonly string[] };
  };
}

/** DigitalOcean without computers, and a client of it. */
export interface DigitalOceanStage {
  readonly world: World;
  readonly machines: FakeMachines;
  readonly cloud: DigitalOcean;
  readonly call: (method: string, path: string, body?: object, token?: string) => Promise<Reply>;
  /** Makes a droplet and returns its id. */
  readonly createDroplet: (more?: object) => Promise<number>;
  /** Makes a droplet, waits until it is active, and returns its id. */
  readonly activeDroplet: (more?: object) => Promise<number>;
  /** Makes a load balancer and returns its id. */
  readonly createLoadBalancer: () => Promise<string>;
  readonly closeCloud: () => Promise<void>;
}

export const droplet = { name: "one", region: "ams3", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64" };

export const loadBalancer = {
  name: "lb",
  region: "ams3",
  tag: "web",
  forwarding_rules: [{ entry_protocol: "http", entry_port: 8080, target_protocol: "http", target_port: 80 }],
};

async function startStage(): Promise<DigitalOceanStage> {
  const world = createWorld("123456789012");
  const machines = fakeMachines();
  const cloud = await serveDigitalOcean(world, machines, { processingMilliseconds: 1000 });
  const call: DigitalOceanStage["call"] = async (method, path, body, token = "secret") => {
    const response = await fetch(cloud.endpoint + path, {
      method,
      headers: { authorization: `Bearer ${token}`, "user-agent": "tester/1.0 more" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Reply["body"]) };
  };
  const createDroplet = async (more: object = {}): Promise<number> => {
    const { status, body } = await call("POST", "/v2/droplets", { ...droplet, ...more });
    expect(status).toBe(202);
    return body.droplet?.id ?? 0;
  };
  let closed: Promise<void> | undefined;
  return {
    world,
    machines,
    cloud,
    call,
    createDroplet,
    activeDroplet: async (more) => {
      const id = await createDroplet(more);
      await until(() => world.digitalocean.droplets.get(id)?.status === "active");
      return id;
    },
    createLoadBalancer: async () => {
      await call("POST", "/v2/tags", { name: "web" });
      const { status, body } = await call("POST", "/v2/load_balancers", loadBalancer);
      expect(status).toBe(202);
      return body.load_balancer?.id ?? "";
    },
    closeCloud: () => (closed ??= cloud.close()),
  };
}

/** Sets a stage for each test of a file; returns the one of the test at hand. */
export function useDigitalOcean(): () => DigitalOceanStage {
  let stage: DigitalOceanStage;

  beforeEach(async () => {
    stage = await startStage();
  });

  afterEach(async () => {
    await stage.closeCloud();
    await stage.machines.close();
  });

  return () => stage;
}
