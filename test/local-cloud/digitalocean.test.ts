import { expect, test } from "@jest/globals";
import { droplet, loadBalancer, useDigitalOcean } from "./digitalocean-stage";
import { until } from "./fake-machines";

const stage = useDigitalOcean();

test("a call without a bearer token is unauthorized", async () => {
  const { cloud } = stage();
  const response = await fetch(`${cloud.endpoint}/v2/droplets`);
  expect(response.status).toBe(401);
  expect(await response.json()).toEqual({ id: "unauthorized", message: "Unable to authenticate you" });
});

test("unknown paths, methods, members and ids are errors in DigitalOcean's form", async () => {
  const { world, call } = stage();
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

test("a list comes in pages, each with a link to the next", async () => {
  const { cloud, call } = stage();
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

test("neither a region's first VPC, which is its default, nor a VPC with members can be deleted", async () => {
  const { world, call, activeDroplet } = stage();
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

test("a firewall's rules are returned as given, ICMP with port 0", async () => {
  const { call } = stage();
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
  const { call } = stage();
  const { status, body } = await call("POST", "/v2/firewalls", { name: "fw", inbound_rules: [], ...wrong });
  expect(status).toBe(422);
  expect(body.message).toContain(message);
});

test("a load balancer refuses a change while it processes the one before", async () => {
  const { world, call, createLoadBalancer } = stage();
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

test("settings that aren't modelled are refused by name", async () => {
  const { call } = stage();
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
  const { world, call, activeDroplet } = stage();
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

test("a fault returns an error, delays the answer or loses it, for as many calls as it says", async () => {
  const { world, call } = stage();
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
  const { world, cloud, createLoadBalancer, closeCloud } = stage();
  const id = await createLoadBalancer();
  const ip = world.digitalocean.loadBalancers.get(id)?.ip ?? "";
  expect((await fetch(`http://${ip}:8080/`)).status).toBe(503);
  await closeCloud();
  await expect(fetch(`http://${ip}:8080/`)).rejects.toThrow();
  await expect(fetch(cloud.endpoint)).rejects.toThrow();
});
