import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { serveDigitalOcean, type DigitalOcean } from "../../../local-cloud/digitalocean/api";
import { createWorld, type World } from "../../../local-cloud/world";
import { fakeMachines, until, type FakeMachines } from "./fake-machines";

let world: World;
let machines: FakeMachines;
let cloud: DigitalOcean;

beforeEach(async () => {
  world = createWorld("123456789012");
  machines = fakeMachines();
  cloud = await serveDigitalOcean(world, machines, { processingMilliseconds: 400 });
});

afterEach(async () => {
  await cloud.close();
  await machines.close();
});

interface Reply {
  readonly status: number;
  /** Whatever of these an answer has. */
  readonly body: {
    readonly id?: string;
    readonly message?: string;
    readonly droplet?: { readonly id: number };
    readonly load_balancer?: { readonly id: string };
    readonly firewall?: object;
    readonly vpc?: { readonly id: string };
    readonly tag?: object;
    readonly tags?: readonly object[];
    readonly action?: { readonly id: number; readonly status: string };
    readonly links?: { readonly pages: { readonly next?: string } };
    readonly meta?: object;
  };
}

async function call(method: string, path: string, body?: object, token = "secret"): Promise<Reply> {
  const response = await fetch(cloud.endpoint + path, {
    method,
    headers: { authorization: `Bearer ${token}`, "user-agent": "tester/1.0 more" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Reply["body"]) };
}

const droplet = { name: "one", region: "ams3", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64" };

async function createDroplet(more: object = {}): Promise<number> {
  const { status, body } = await call("POST", "/v2/droplets", { ...droplet, ...more });
  expect(status).toBe(202);
  return body.droplet?.id ?? 0;
}

async function activeDroplet(more: object = {}): Promise<number> {
  const id = await createDroplet(more);
  await until(() => world.digitalocean.droplets.get(id)?.status === "active");
  return id;
}

async function createLoadBalancer(): Promise<string> {
  await call("POST", "/v2/tags", { name: "web" });
  const { status, body } = await call("POST", "/v2/load_balancers", loadBalancer);
  expect(status).toBe(202);
  return body.load_balancer?.id ?? "";
}

const loadBalancer = {
  name: "lb",
  region: "ams3",
  tag: "web",
  forwarding_rules: [{ entry_protocol: "http", entry_port: 8080, target_protocol: "http", target_port: 80 }],
};

test("a call without a bearer token is unauthorized", async () => {
  const response = await fetch(`${cloud.endpoint}/v2/droplets`);
  expect(response.status).toBe(401);
  expect(await response.json()).toEqual({ id: "unauthorized", message: "Unable to authenticate you" });
});

test("unknown paths, methods, members and ids are errors in DigitalOcean's form", async () => {
  expect(await call("GET", "/v2/volumes")).toMatchObject({ status: 404, body: { id: "not_found" } });
  expect(await call("PATCH", "/v2/droplets")).toMatchObject({ status: 404, body: { id: "not_found" } });
  expect(await call("GET", "/v2/droplets/17")).toMatchObject({ status: 404, body: { id: "not_found" } });
  expect(await call("GET", "/v2/droplets?colour=red")).toMatchObject({ status: 422 });
  const misspelt = await call("POST", "/v2/droplets", { ...droplet, userdata: "x" });
  expect(misspelt.status).toBe(422);
  expect(misspelt.body.id).toBe("unprocessable_entity");
  expect(misspelt.body.message).toContain("userdata");
  expect(world.digitalocean.droplets.size).toBe(0);
});

test.each([
  ["an unknown size", { size: "huge" }, "You specified an invalid size for Droplet creation."],
  ["an unknown region", { region: "mars1" }, "You specified an invalid region for Droplet creation."],
  ["a malformed image", { image: "Not An Image" }, "You specified an invalid image for Droplet creation."],
  ["an unknown VPC", { vpc_uuid: "5a4981aa-9653-4bd1-bef5-d6bff52042e4" }, "does not exist in region ams3"],
  ["too much user data", { user_data: "x".repeat(65537) }, "user_data is larger than 65536 bytes."],
  ["IPv6", { ipv6: true }, "A droplet with ipv6 is not modelled"],
])("a droplet with %s is refused", async (_label, wrong, message) => {
  const { status, body } = await call("POST", "/v2/droplets", { ...droplet, ...wrong });
  expect(status).toBe(422);
  expect(body.message).toContain(message);
});

test("a droplet is new until its machine has booted, and then active", async () => {
  let release = (): void => undefined;
  machines.onBoot = () => new Promise((resolve) => (release = resolve));
  const id = await createDroplet({ user_data: "#!/bin/sh", ssh_keys: null });
  expect((await call("GET", `/v2/droplets/${id}`)).body.droplet).toMatchObject({
    status: "new",
    locked: true,
  });
  release();
  await until(() => world.digitalocean.droplets.get(id)?.status === "active");
  expect((await call("GET", `/v2/droplets/${id}`)).body.droplet).toMatchObject({
    status: "active",
    locked: false,
  });
  expect(machines.specs.get(`droplet-${id}`)).toMatchObject({ hostname: "one", userData: "#!/bin/sh" });
});

test("a droplet whose machine fails to boot is taken back", async () => {
  machines.onBoot = () => Promise.reject(new Error("no memory"));
  const id = await createDroplet();
  await until(() => !world.digitalocean.droplets.has(id));
  expect((await call("GET", `/v2/droplets/${id}`)).status).toBe(404);
  expect(world.journal).toContainEqual(
    expect.objectContaining({
      name: "create-failed",
      detail: expect.objectContaining({ reason: "Error: no memory" }),
    }),
  );
});

test("a deleted droplet is gone once its machine is", async () => {
  const id = await activeDroplet();
  expect(await call("DELETE", `/v2/droplets/${id}`)).toEqual({ status: 204, body: {} });
  await until(async () => (await call("GET", `/v2/droplets/${id}`)).status === 404);
  expect(machines.specs.size).toBe(0);
});

test("deleting by tag leaves the other droplets alone", async () => {
  await activeDroplet({ tags: ["red"] });
  const other = await activeDroplet({ tags: ["blue"] });
  expect((await call("DELETE", "/v2/droplets?tag_name=red")).status).toBe(204);
  await until(() => world.digitalocean.droplets.size === 1);
  expect([...world.digitalocean.droplets.keys()]).toEqual([other]);
  expect((await call("DELETE", "/v2/droplets")).status).toBe(422);
});

test("a droplet's tags are made on the fly, counted, and filtered by", async () => {
  await activeDroplet({ tags: ["red", "42"] });
  await activeDroplet({ tags: ["red"] });
  const { body } = await call("GET", "/v2/tags/red");
  expect(body.tag).toMatchObject({ name: "red", resources: { count: 2, droplets: { count: 2 } } });
  expect((await call("GET", "/v2/droplets?tag_name=42")).body.meta).toEqual({ total: 1 });
  expect((await call("GET", "/v2/droplets?tag_name=green")).body.meta).toEqual({ total: 0 });
});

test("tags are put on droplets and taken off again", async () => {
  const id = await activeDroplet();
  await call("POST", "/v2/tags", { name: "red" });
  const resources = { resources: [{ resource_id: String(id), resource_type: "droplet" }] };
  expect((await call("POST", "/v2/tags/red/resources", resources)).status).toBe(204);
  expect(world.digitalocean.droplets.get(id)?.tags).toEqual(["red"]);
  expect((await call("DELETE", "/v2/tags/red/resources", resources)).status).toBe(204);
  expect(world.digitalocean.droplets.get(id)?.tags).toEqual([]);
});

test("a list comes in pages that lead to each other", async () => {
  for (const name of ["a", "b", "c"]) {
    await call("POST", "/v2/tags", { name });
  }
  const first = (await call("GET", "/v2/tags?per_page=2")).body;
  expect(first).toMatchObject({ tags: [{ name: "a" }, { name: "b" }], meta: { total: 3 } });
  const next = first.links?.pages.next ?? "";
  expect(next).toBe(`${cloud.endpoint}/v2/tags?per_page=2&page=2`);
  const second = (await call("GET", next.replace(cloud.endpoint, ""))).body;
  expect(second.tags).toHaveLength(1);
  expect(second.links?.pages).not.toHaveProperty("next");
});

test("actions switch a droplet's machine off and on, and can be polled", async () => {
  const id = await activeDroplet();
  const started = await call("POST", `/v2/droplets/${id}/actions`, { type: "shutdown" });
  expect(started.status).toBe(201);
  const action = started.body.action?.id ?? 0;
  await until(() => world.digitalocean.droplets.get(id)?.status === "off");
  await until(async () => {
    const { body } = await call("GET", `/v2/actions/${action}`);
    return body.action?.status === "completed";
  });
  expect(await call("POST", `/v2/droplets/${id}/actions`, { type: "power_off" })).toMatchObject({
    status: 422,
    body: { message: "Droplet is already powered off." },
  });
  await call("POST", `/v2/droplets/${id}/actions`, { type: "power_on" });
  await until(() => world.digitalocean.droplets.get(id)?.status === "active");
  expect((await call("POST", `/v2/droplets/${id}/actions`, { type: "resize" })).status).toBe(422);
});

test("the first VPC of a region is its default and is never deleted; one with members is not either", async () => {
  await activeDroplet();
  const [first] = [...world.digitalocean.vpcs.values()];
  expect(first).toMatchObject({ isDefault: true, region: "ams3", name: "default-ams3" });
  expect(await call("DELETE", `/v2/vpcs/${first?.id ?? ""}`)).toMatchObject({
    status: 403,
    body: { message: "Can not delete default VPCs" },
  });
  const made = await call("POST", "/v2/vpcs", { name: "own", region: "ams3", ip_range: "10.5.0.0/24" });
  expect(made.body.vpc).toMatchObject({ default: false, ip_range: "10.5.0.0/24" });
  const id = made.body.vpc?.id ?? "";
  const member = await activeDroplet({ vpc_uuid: id });
  expect(world.digitalocean.droplets.get(member)?.privateIp).toBe("10.5.0.2");
  expect((await call("DELETE", `/v2/vpcs/${id}`)).status).toBe(403);
  await call("DELETE", `/v2/droplets/${member}`);
  await until(() => !world.digitalocean.droplets.has(member));
  expect((await call("DELETE", `/v2/vpcs/${id}`)).status).toBe(204);
  const overlapping = await call("POST", "/v2/vpcs", { name: "x", region: "ams3", ip_range: first?.ipRange });
  expect(overlapping.body.message).toContain("overlaps with another VPC");
});

test("a firewall's rules are answered as given, ICMP with port 0", async () => {
  await call("POST", "/v2/tags", { name: "web" });
  const inbound = [
    { protocol: "tcp", ports: "80", sources: { addresses: ["0.0.0.0/0", "::/0"] } },
    { protocol: "tcp", ports: "8000-9000", sources: { tags: ["web"] } },
  ];
  const request = {
    name: "fw",
    tags: ["web"],
    droplet_ids: null,
    inbound_rules: inbound,
    outbound_rules: [{ protocol: "icmp", destinations: { addresses: ["0.0.0.0/0"] } }],
  };
  const { status, body } = await call("POST", "/v2/firewalls", request);
  expect(status).toBe(202);
  expect(body.firewall).toMatchObject({
    status: "succeeded",
    inbound_rules: inbound,
    outbound_rules: [{ protocol: "icmp", ports: "0", destinations: { addresses: ["0.0.0.0/0"] } }],
  });
});

test.each([
  ["an unknown tag", { tags: ["nobody"] }, "tag nobody does not exist"],
  [
    "a reversed range of ports",
    { inbound_rules: [{ protocol: "tcp", ports: "90-80", sources: {} }] },
    "ports: 90-80 is not a port",
  ],
  [
    "a host name",
    { inbound_rules: [{ protocol: "tcp", ports: "80", sources: { addresses: ["example.com"] } }] },
    "example.com",
  ],
  [
    "too many rules",
    { inbound_rules: Array.from({ length: 51 }, () => ({ protocol: "tcp", ports: "80", sources: {} })) },
    "at most 50 rules (got 51)",
  ],
  ["no ports", { inbound_rules: [{ protocol: "tcp", sources: {} }] }, "ports"],
])("a firewall with %s is refused", async (_label, wrong, message) => {
  const { status, body } = await call("POST", "/v2/firewalls", { name: "fw", inbound_rules: [], ...wrong });
  expect(status).toBe(422);
  expect(body.message).toContain(message);
});

test("a droplet that boots before a firewall covers it is noted as open", async () => {
  await activeDroplet({ tags: ["web"] });
  await call("POST", "/v2/firewalls", { name: "fw", tags: ["web"], inbound_rules: [] });
  await activeDroplet({ tags: ["web"] });
  const boots = world.journal.filter(({ name }) => name.startsWith("booted"));
  expect(boots.map(({ name, detail }) => [name, detail.firewalls])).toEqual([
    ["booted-open", []],
    ["booted", ["fw"]],
  ]);
});

test("a load balancer refuses a change while it processes the one before", async () => {
  const id = await createLoadBalancer();
  const path = `/v2/load_balancers/${id}`;
  expect((await call("GET", path)).body.load_balancer).toMatchObject({ status: "new", ip: "" });
  expect(await call("PUT", path, loadBalancer)).toMatchObject({ status: 403, body: { id: "forbidden" } });
  await until(() => world.digitalocean.loadBalancers.get(id)?.status === "active");
  expect((await call("GET", path)).body.load_balancer).toMatchObject({
    status: "active",
    ip: expect.stringMatching(/^127\./),
    health_check: { check_interval_seconds: 10, healthy_threshold: 3 },
    region: { slug: "ams3" },
  });
  expect((await call("PUT", path, loadBalancer)).status).toBe(200);
  expect((await call("DELETE", path)).status).toBe(403);
  await until(async () => (await call("DELETE", path)).status === 204);
  expect((await call("GET", path)).status).toBe(404);
});

test("what isn't modelled is refused by name", async () => {
  await call("POST", "/v2/tags", { name: "web" });
  const rule = { entry_protocol: "https", entry_port: 443, target_protocol: "https", target_port: 443 };
  const https = await call("POST", "/v2/load_balancers", { ...loadBalancer, forwarding_rules: [rule] });
  expect(https).toMatchObject({
    status: 422,
    body: { message: "A forwarding rule from https to https is not modelled by the local cloud." },
  });
  const sticky = { ...loadBalancer, sticky_sessions: { type: "cookies" } };
  expect((await call("POST", "/v2/load_balancers", sticky)).status).toBe(422);
});

test("the journal names calls by path template and never holds user data", async () => {
  const id = await activeDroplet({ user_data: "code=TOPSECRET" });
  await call("DELETE", `/v2/droplets/${id}`);
  const calls = world.journal.filter(({ kind }) => kind === "call");
  expect(calls.map(({ name, status, caller }) => [name, status, caller])).toEqual([
    ["POST /v2/droplets", 202, "tester/1.0"],
    ["DELETE /v2/droplets/{droplet_id}", 204, "tester/1.0"],
  ]);
  expect(world.journal.map(({ name }) => name).slice(0, 2)).toEqual(["POST /v2/droplets", "booted-open"]);
  expect(calls[1]?.detail).toEqual({ droplet_id: String(id) });
  expect(JSON.stringify(world.journal)).not.toContain("TOPSECRET");
  expect(calls[0]?.detail.user_data).toBe("(redacted)");
});

test("faults answer an error, delay, or lose the answer, for as many calls as they say", async () => {
  const match = { service: "digitalocean", operation: "POST /v2/tags" } as const;
  world.faults.push({
    match,
    times: 1,
    effect: { kind: "error", status: 429, code: "too_many_requests", message: "slow" },
  });
  expect(await call("POST", "/v2/tags", { name: "a" })).toEqual({
    status: 429,
    body: { id: "too_many_requests", message: "slow" },
  });
  expect(world.digitalocean.tags.size).toBe(0);
  world.faults.push({ match, times: 1, effect: { kind: "lost-answer" } });
  await expect(call("POST", "/v2/tags", { name: "a" })).rejects.toThrow();
  expect(world.digitalocean.tags.has("a")).toBe(true);
  world.faults.push({ match, times: 1, effect: { kind: "delay", milliseconds: 150 } });
  const start = Date.now();
  expect((await call("POST", "/v2/tags", { name: "b" })).status).toBe(201);
  expect(Date.now() - start).toBeGreaterThanOrEqual(145);
});

test("closing ends the API and every load balancer", async () => {
  const id = await createLoadBalancer();
  const ip = world.digitalocean.loadBalancers.get(id)?.ip ?? "";
  expect((await fetch(`http://${ip}:8080/`)).status).toBe(503);
  await cloud.close();
  await expect(fetch(`http://${ip}:8080/`)).rejects.toThrow();
  await expect(fetch(cloud.endpoint)).rejects.toThrow();
  cloud = await serveDigitalOcean(world, machines);
});
