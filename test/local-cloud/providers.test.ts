import { expect, test } from "@jest/globals";
import { siteOf, useProviders } from "./providers-stage";

const stage = useProviders();

const droplet = { name: "one", region: "ams3", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64" };

test("a site is applied in order, has an empty plan, scales, replaces a node, is destroyed in reverse", async () => {
  const { world, machines, terraform, apply, expectNoChanges, configure, calls } = stage();
  const userData = "#!/bin/sh\n#";
  await configure(siteOf({ userData }), {
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

  await configure(siteOf({ nodes: { a: "1", b: "1", c: "1" }, userData: "#!/bin/changed" }));
  await apply();
  expect(world.digitalocean.droplets.size).toBe(3);
  await expectNoChanges();

  const before = [...world.digitalocean.droplets.values()];
  await configure(siteOf({ nodes: { a: "1", b: "2", c: "1" } }));
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

test("changes and deletions outside Terraform are noticed", async () => {
  const { world, apply, expectNoChanges, plannedActions, configure } = stage();
  await configure(siteOf({ nodes: { a: "1" } }));
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

test("changes are made in place where DigitalOcean can, and otherwise force a replacement", async () => {
  const { world, apply, expectNoChanges, plannedActions, configure } = stage();
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

test("a VPC is created before its members and deleted after them", async () => {
  const { world, terraform, apply, expectNoChanges, configure } = stage();
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

test("the droplets of a tag are listed, and other filters are refused", async () => {
  const { world, apply, configure, expectNoChanges, terraform } = stage();
  const tagged = (tag: string) => ({
    name: "one",
    region: "ams3",
    size: "s-1vcpu-1gb",
    image: "ubuntu-24-04-x64",
    tags: [tag],
  });
  const filteredBy = (key: string) => ({
    data: { digitalocean_droplets: { all: { filter: [{ key, values: ["blue"] }] } } },
    output: { found: { value: "${data.digitalocean_droplets.all.droplets}" } },
  });
  const resources = { digitalocean_droplet: { blue: tagged("blue"), red: tagged("red") } };
  await configure(resources);
  await apply();
  await configure(resources, filteredBy("tags"));
  await apply();
  const [blue] = [...world.digitalocean.droplets.values()].filter(({ tags }) => tags.includes("blue"));
  expect(JSON.parse((await terraform("output", "-json", "found")).output)).toMatchObject([
    { id: blue?.id, name: "one", image: "ubuntu-24-04-x64", tags: ["blue"], status: "active" },
  ]);
  await expectNoChanges();

  await configure(resources, filteredBy("region"));
  const { code, output } = await terraform("plan", "-no-color");
  expect([code, output]).toEqual([1, expect.stringContaining("can't filter droplets by region")]);
}, 60_000);

// Source: terraform-provider-digitalocean 2.71.0, resource_loadbalancer.go: `network` is optional, forces a
// replacement and is never read back, so that nothing but the configuration changes it.
test("an internal load balancer beside an external one has an empty plan; becoming external replaces it", async () => {
  const { world, apply, expectNoChanges, plannedActions, configure } = stage();
  const rule = { entry_protocol: "http", target_protocol: "http", target_port: 8080 };
  const balancer = (name: string, network: string | undefined, port: number): object => ({
    ...{ name, network, region: "ams3", droplet_tag: "${digitalocean_tag.t.id}" },
    forwarding_rule: [{ ...rule, entry_port: port }],
    healthcheck: [{ protocol: "http", port: 8080, path: "/" }],
  });
  const configured = (network: string | undefined): Promise<void> =>
    configure({
      digitalocean_tag: { t: { name: "t" } },
      digitalocean_loadbalancer: {
        api: balancer("api", network, 8084),
        web: balancer("web", undefined, 8085),
      },
      digitalocean_droplet: { one: { ...droplet, tags: ["${digitalocean_tag.t.id}"] } },
    });
  await configured("INTERNAL");
  await apply();
  expect(
    [...world.digitalocean.loadBalancers.values()].map(({ settings }) => settings.network).sort(),
  ).toEqual(["EXTERNAL", "INTERNAL"]);
  await expectNoChanges();
  await expectNoChanges();
  await configured(undefined);
  expect(await plannedActions()).toEqual({ "digitalocean_loadbalancer.api": "delete,create" });
  await configured("EXTERNAL");
  expect(await plannedActions()).toEqual({ "digitalocean_loadbalancer.api": "delete,create" });
}, 60_000);
