import { expect, test } from "@jest/globals";
import { droplet, useDigitalOcean } from "./digitalocean-stage";
import { until } from "./fake-machines";

const stage = useDigitalOcean();

test.each([
  ["an unknown size", { size: "huge" }, "You specified an invalid size for Droplet creation."],
  ["an unknown region", { region: "mars1" }, "You specified an invalid region for Droplet creation."],
  ["an unknown image", { image: "ubuntu-14-10-x64" }, "You specified an invalid image for Droplet creation."],
  ["an unknown VPC", { vpc_uuid: "5a4981aa-9653-4bd1-bef5-d6bff52042e4" }, "does not exist in region ams3"],
  ["too much user data", { user_data: "x".repeat(65537) }, "user_data is larger than 65536 bytes."],
  ["IPv6", { ipv6: true }, "A droplet with ipv6 is not modelled"],
])("a droplet with %s is refused", async (_label, wrong, message) => {
  const { call } = stage();
  const { status, body } = await call("POST", "/v2/droplets", { ...droplet, ...wrong });
  expect(status).toBe(422);
  expect(body.message).toContain(message);
});

test("a droplet is new until its machine has booted, and then active", async () => {
  const { world, machines, call, createDroplet } = stage();
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

test("a droplet whose machine fails to boot is removed", async () => {
  const { world, machines, call, createDroplet } = stage();
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
  const { machines, call, activeDroplet } = stage();
  const id = await activeDroplet();
  expect(await call("DELETE", `/v2/droplets/${id}`)).toEqual({ status: 204, body: {} });
  await until(async () => (await call("GET", `/v2/droplets/${id}`)).status === 404);
  expect(machines.specs.size).toBe(0);
});

test("deleting by tag leaves the other droplets alone", async () => {
  const { world, call, activeDroplet } = stage();
  await activeDroplet({ tags: ["red"] });
  const other = await activeDroplet({ tags: ["blue"] });
  expect((await call("DELETE", "/v2/droplets?tag_name=red")).status).toBe(204);
  await until(() => world.digitalocean.droplets.size === 1);
  expect([...world.digitalocean.droplets.keys()]).toEqual([other]);
  expect((await call("DELETE", "/v2/droplets")).status).toBe(422);
});

test("a droplet's tags are created on the fly and counted, and droplets can be filtered by them", async () => {
  const { call, activeDroplet } = stage();
  await activeDroplet({ tags: ["red", "42"] });
  await activeDroplet({ tags: ["red"] });
  const { body } = await call("GET", "/v2/tags/red");
  expect(body.tag).toMatchObject({ name: "red", resources: { count: 2, droplets: { count: 2 } } });
  expect((await call("GET", "/v2/droplets?tag_name=42")).body.meta).toEqual({ total: 1 });
  expect((await call("GET", "/v2/droplets?tag_name=green")).body.meta).toEqual({ total: 0 });
});

test("tags are put on droplets and taken off again", async () => {
  const { world, call, activeDroplet } = stage();
  const id = await activeDroplet();
  await call("POST", "/v2/tags", { name: "red" });
  const resources = { resources: [{ resource_id: String(id), resource_type: "droplet" }] };
  expect((await call("POST", "/v2/tags/red/resources", resources)).status).toBe(204);
  expect(world.digitalocean.droplets.get(id)?.tags).toEqual(["red"]);
  expect((await call("DELETE", "/v2/tags/red/resources", resources)).status).toBe(204);
  expect(world.digitalocean.droplets.get(id)?.tags).toEqual([]);
});

test("actions switch a droplet's machine off and on, and can be polled", async () => {
  const { world, call, activeDroplet } = stage();
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
  const resize = { type: "resize", size: "s-2vcpu-2gb" };
  await until(() => world.digitalocean.droplets.get(id)?.status === "active");
  expect(await call("POST", `/v2/droplets/${id}/actions`, resize)).toMatchObject({
    status: 422,
    body: { message: "Droplet is currently on. Please power it off to run this event." },
  });
});

test("a droplet whose machine switches itself off is off, and can be switched on or deleted", async () => {
  const { machines, world, call, activeDroplet } = stage();
  const id = await activeDroplet();
  const other = await activeDroplet();
  const shown = async () => (await call("GET", `/v2/droplets/${id}`)).body.droplet;
  await machines.switchOff(`droplet-${id}`);
  expect(await shown()).toMatchObject({ status: "off" });
  expect(world.digitalocean.droplets.get(other)?.status).toBe("active");
  await call("POST", `/v2/droplets/${id}/actions`, { type: "power_on" });
  await until(async () => (await shown())?.status === "active");
  await machines.switchOff(`droplet-${id}`);
  expect((await call("DELETE", `/v2/droplets/${id}`)).status).toBe(204);
  await until(() => !world.digitalocean.droplets.has(id));
});

test("a droplet that boots before a firewall covers it is noted as open", async () => {
  const { world, call, activeDroplet } = stage();
  await activeDroplet({ tags: ["web"] });
  await call("POST", "/v2/firewalls", { name: "fw", tags: ["web"], inbound_rules: [] });
  await activeDroplet({ tags: ["web"] });
  const boots = world.journal.filter(({ name }) => name.startsWith("booted"));
  expect(boots.map(({ name, detail }) => [name, detail.firewalls])).toEqual([
    ["booted-open", []],
    ["booted", ["fw"]],
  ]);
});
