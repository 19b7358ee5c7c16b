import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveDigitalOcean, type DigitalOcean } from "../../../local-cloud/digitalocean/api";
import { serveProviders, type Providers } from "../../../local-cloud/providers/serve";
import { createWorld, type World } from "../../../local-cloud/world";
import { fakeMachines, type FakeMachines } from "./fake-machines";

let directory: string;
let world: World;
let machines: FakeMachines;
let cloud: DigitalOcean;
let providers: Providers;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "providers-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

beforeEach(async () => {
  await rm(join(directory, "terraform.tfstate"), { force: true });
  world = createWorld("123456789012");
  machines = fakeMachines();
  cloud = await serveDigitalOcean(world, machines, { processingMilliseconds: 100 });
  providers = await serveProviders({
    which: ["null", "digitalocean"],
    digitalocean: { endpoint: cloud.endpoint, token: "secret", pollMilliseconds: 20 },
  });
});

afterEach(async () => {
  await providers.close();
  await cloud.close();
  await machines.close();
});

interface Run {
  readonly code: number;
  readonly output: string;
}

function terraform(...words: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const env = {
      PATH: process.env.PATH,
      HOME: directory,
      CHECKPOINT_DISABLE: "1",
      TF_REATTACH_PROVIDERS: providers.reattach,
    };
    const child = execFile("terraform", words, { cwd: directory, env }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

async function apply(...words: string[]): Promise<void> {
  expect(await terraform("apply", "-auto-approve", "-no-color", ...words)).toMatchObject({ code: 0 });
}

async function expectNoChanges(): Promise<void> {
  const { code, output } = await terraform("plan", "-detailed-exitcode", "-no-color");
  expect([code, output]).toEqual([0, expect.stringContaining("No changes.")]);
}

/** Addresses in the state, and which of them a plan is to replace or change. */
async function plannedActions(): Promise<Record<string, string>> {
  expect(await terraform("plan", "-out=plan")).toMatchObject({ code: expect.any(Number) });
  const { resource_changes: changes } = JSON.parse((await terraform("show", "-json", "plan")).output) as {
    resource_changes: { address: string; change: { actions: string[] } }[];
  };
  const acting = changes.filter(({ change }) => change.actions[0] !== "no-op");
  return Object.fromEntries(acting.map(({ address, change }) => [address, change.actions.join()]));
}

async function configure(resources: object, more: object = {}): Promise<void> {
  const required_providers = {
    null: { source: "hashicorp/null", version: "3.2.4" },
    digitalocean: { source: "digitalocean/digitalocean", version: "2.71.0" },
  };
  await writeFile(
    join(directory, "cdk.tf.json"),
    JSON.stringify({ terraform: { required_providers }, resource: resources, ...more }),
  );
  expect(await terraform("init", "-no-color")).toMatchObject({ code: 0 });
}

interface Site {
  readonly nodes?: Readonly<Record<string, string>>;
  readonly userData?: string;
}

/** The order of a site: tag, load balancer, firewall, droplets, and what exists once per droplet. */
function site({ nodes = { a: "1", b: "1" }, userData = "#!/bin/sh" }: Site = {}): object {
  const anywhere = ["0.0.0.0/0", "::/0"];
  const each = { for_each: nodes };
  return {
    digitalocean_tag: { nodes: { name: "shop-ams3" } },
    digitalocean_loadbalancer: {
      public: {
        name: "shop",
        region: "ams3",
        droplet_tag: "${digitalocean_tag.nodes.id}",
        forwarding_rule: [
          { entry_protocol: "http", entry_port: 8083, target_protocol: "http", target_port: 80 },
        ],
        healthcheck: [{ protocol: "http", port: 80, path: "/healthz", check_interval_seconds: 3 }],
      },
    },
    digitalocean_firewall: {
      nodes: {
        name: "shop",
        tags: ["${digitalocean_tag.nodes.id}"],
        inbound_rule: [
          {
            protocol: "tcp",
            port_range: "80",
            source_load_balancer_uids: ["${digitalocean_loadbalancer.public.id}"],
          },
        ],
        outbound_rule: [
          { protocol: "tcp", port_range: "443", destination_addresses: anywhere },
          { protocol: "udp", port_range: "all", destination_addresses: anywhere },
          { protocol: "icmp", destination_addresses: anywhere },
        ],
      },
    },
    digitalocean_droplet: {
      node: {
        ...each,
        depends_on: ["digitalocean_firewall.nodes"],
        name: "${each.key}",
        region: "ams3",
        size: "s-1vcpu-1gb",
        image: "ubuntu-24-04-x64",
        tags: ["${digitalocean_tag.nodes.id}"],
        user_data: `${userData} \${each.key}`,
        graceful_shutdown: true,
        lifecycle: {
          ignore_changes: ["user_data"],
          replace_triggered_by: ["null_resource.generation[each.key]"],
        },
      },
    },
    null_resource: {
      generation: { ...each, triggers: { generation: "${each.value}" } },
      deregistration: {
        ...each,
        triggers: { droplet: "${digitalocean_droplet.node[each.key].id}", node: "${each.key}" },
        provisioner: [
          { "local-exec": { when: "destroy", command: "echo deregister ${self.triggers.node} >> log" } },
        ],
      },
    },
  };
}

function calls(method: string): string[] {
  return world.journal.filter(({ name }) => name.startsWith(method)).map(({ name }) => name);
}

test("a site is applied in order, plans empty, scales, replaces one node, and is destroyed in reverse", async () => {
  const userData = "#!/bin/sh\n#";
  await configure(site({ userData }), {
    output: { ip: { value: "${digitalocean_loadbalancer.public.ip}" } },
  });
  await apply();
  expect(calls("POST")).toEqual([
    "POST /v2/tags",
    "POST /v2/load_balancers",
    "POST /v2/firewalls",
    "POST /v2/droplets",
    "POST /v2/droplets",
  ]);
  expect(world.journal.filter(({ name }) => name === "booted-open")).toEqual([]);
  expect([...machines.specs.values()].map((spec) => spec.userData).sort()).toEqual([
    `${userData} a`,
    `${userData} b`,
  ]);
  expect(JSON.parse((await terraform("output", "-json", "ip")).output)).toMatch(/^127\./);
  const state = (await terraform("show", "-json")).output;
  expect(state).not.toContain(userData);
  await expectNoChanges();

  await configure(site({ nodes: { a: "1", b: "1", c: "1" }, userData: "#!/bin/changed" }));
  await apply();
  expect(world.digitalocean.droplets.size).toBe(3);
  await expectNoChanges();

  const before = [...world.digitalocean.droplets.values()];
  await configure(site({ nodes: { a: "1", b: "2", c: "1" } }));
  await apply();
  const after = [...world.digitalocean.droplets.values()];
  expect(after.map(({ name }) => name).sort()).toEqual(["a", "b", "c"]);
  expect(before.filter((droplet) => !after.includes(droplet)).map(({ name }) => name)).toEqual(["b"]);
  await expectNoChanges();

  world.journal.length = 0;
  expect(await terraform("destroy", "-auto-approve")).toMatchObject({ code: 0 });
  expect(calls("DELETE")).toEqual([
    "DELETE /v2/droplets/{droplet_id}",
    "DELETE /v2/droplets/{droplet_id}",
    "DELETE /v2/droplets/{droplet_id}",
    "DELETE /v2/firewalls/{firewall_id}",
    "DELETE /v2/load_balancers/{lb_id}",
    "DELETE /v2/tags/{tag_id}",
  ]);
  expect(calls("POST")).toEqual(Array(3).fill("POST /v2/droplets/{droplet_id}/actions"));
  expect(machines.specs.size).toBe(0);
  expect(world.digitalocean.loadBalancers.size).toBe(0);
}, 60_000);

const droplet = { name: "one", region: "ams3", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64" };

test("a droplet whose creation fails after it existed is tainted, and replaced by the next apply", async () => {
  await configure({ digitalocean_droplet: { one: droplet } });
  machines.onBoot = () => Promise.reject(new Error("no memory"));
  const { code, output } = await terraform("apply", "-auto-approve", "-no-color");
  expect(code).toBe(1);
  expect(output).toMatch(/Error waiting for droplet \(\d+\) to become ready: .*: 404 The resource/s);
  expect((await terraform("state", "list")).output).toBe("digitalocean_droplet.one\n");
  machines.onBoot = () => Promise.resolve();
  await apply();
  expect(world.digitalocean.droplets.size).toBe(1);
  await expectNoChanges();
}, 60_000);

test("what was changed or deleted behind Terraform's back is seen", async () => {
  await configure(site({ nodes: { a: "1" } }));
  await apply();
  const [firewall] = [...world.digitalocean.firewalls.values()];
  firewall?.inbound.splice(0);
  world.digitalocean.droplets.clear();
  expect(await plannedActions()).toEqual({
    "digitalocean_firewall.nodes": "update",
    'digitalocean_droplet.node["a"]': "create",
    'null_resource.deregistration["a"]': "delete,create",
  });
  await apply();
  await expectNoChanges();
}, 60_000);

test("changes are made in place where DigitalOcean can, and else force a replacement", async () => {
  const one = { ...droplet, tags: ["red"], user_data: "a" };
  await configure({ digitalocean_droplet: { one }, digitalocean_tag: { t: { name: "blue" } } });
  await apply();
  await configure({
    digitalocean_droplet: { one: { ...one, tags: ["blue"] } },
    digitalocean_tag: { t: { name: "blue" } },
  });
  expect(await plannedActions()).toEqual({ "digitalocean_droplet.one": "update" });
  await apply();
  expect([...world.digitalocean.droplets.values()].map(({ tags }) => tags)).toEqual([["blue"]]);
  await expectNoChanges();
  await configure({
    digitalocean_droplet: { one: { ...one, user_data: "b" } },
    digitalocean_tag: { t: { name: "new" } },
  });
  expect(await plannedActions()).toEqual({
    "digitalocean_droplet.one": "delete,create",
    "digitalocean_tag.t": "delete,create",
  });
}, 60_000);

test("a VPC is made with its members and outlives them", async () => {
  world.digitalocean.vpcs.set("default", {
    id: "default",
    name: "default-ams3",
    description: "",
    region: "ams3",
    ipRange: "10.100.0.0/20",
    isDefault: true,
    createdAt: 0,
  });
  await configure({
    digitalocean_vpc: { own: { name: "own", region: "ams3", ip_range: "10.9.0.0/24" } },
    digitalocean_droplet: { one: { ...droplet, vpc_uuid: "${digitalocean_vpc.own.id}" } },
  });
  await apply();
  expect([...world.digitalocean.droplets.values()].map(({ privateIp }) => privateIp)).toEqual(["10.9.0.2"]);
  await expectNoChanges();
  expect(await terraform("destroy", "-auto-approve")).toMatchObject({ code: 0 });
  expect([...world.digitalocean.vpcs.keys()]).toEqual(["default"]);
}, 60_000);

test("a burst of 429 and 500 is retried four times, then told", async () => {
  await configure({ digitalocean_tag: { t: { name: "blue" } } });
  const match = { service: "digitalocean", operation: "POST /v2/tags" } as const;
  world.faults.push({
    match,
    times: 4,
    effect: { kind: "error", status: 429, code: "x", message: "slow down" },
  });
  await apply();
  expect(calls("POST")).toHaveLength(5);
  await terraform("destroy", "-auto-approve");
  world.faults.push({
    match,
    times: 5,
    effect: { kind: "error", status: 500, code: "x", message: "broken" },
  });
  const { code, output } = await terraform("apply", "-auto-approve", "-no-color");
  expect([code, output]).toEqual([1, expect.stringContaining("Error creating tag: POST http")]);
  expect(output).toContain("500 broken");
}, 60_000);

test("a load balancer's 403 is not retried", async () => {
  await configure(site({ nodes: {} }));
  await apply();
  const effect = {
    kind: "error",
    status: 403,
    code: "forbidden",
    message: "processes previous actions",
  } as const;
  const match = { service: "digitalocean", operation: "DELETE /v2/load_balancers/{lb_id}" } as const;
  world.faults.push({ match, times: 1, effect });
  const { code, output } = await terraform("destroy", "-auto-approve", "-no-color");
  expect([code, output]).toEqual([1, expect.stringContaining("processes previous actions")]);
  expect(await terraform("destroy", "-auto-approve")).toMatchObject({ code: 0 });
}, 60_000);

test("an unknown resource type and another API's address are errors", async () => {
  await configure({ digitalocean_kubernetes_cluster: { c: {} } });
  expect((await terraform("validate", "-no-color")).output).toContain("Invalid resource type");
  const provider = { digitalocean: [{ api_endpoint: "https://api.digitalocean.com" }] };
  await configure({ digitalocean_tag: { t: { name: "t" } } }, { provider });
  const { code, output } = await terraform("plan", "-no-color");
  expect([code, output]).toEqual([1, expect.stringContaining("leave api_endpoint out")]);
}, 60_000);

test("a terraform that runs after the providers closed leaves this process alone", async () => {
  await configure({ digitalocean_tag: { t: { name: "t" } } });
  await providers.close();
  expect((await terraform("plan", "-no-color")).code).toBe(1);
  providers = await serveProviders({
    which: [],
    digitalocean: { endpoint: cloud.endpoint, token: "secret" },
  });
  expect(providers.reattach).toBe("{}");
}, 60_000);
