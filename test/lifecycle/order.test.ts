import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  actOnDroplet,
  createVpc,
  findSite,
  listDroplets,
  listVpcs,
  nothing,
} from "../support/observation/clouds";
import { endOfNode } from "../support/observation/journal";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";

let life: LifeCycle;

beforeAll(async () => {
  life = await startLifeCycle({
    name: "order",
    // The minute that the provider waits for a deleted droplet to go is 6 s here.
    args: ["--provider-second", "100"],
    sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2, vpc: { ipRange: "10.20.0.0/20" } } },
  });
}, 300_000);

afterAll(() => life.stop());

test("nodes are up when an apply ends, in their own VPC, if the region has a default one", async () => {
  const site = life.site("ams3");
  expect(await site.apply()).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("unable to find default VPC in ams3 region"),
  });
  expect(await listVpcs(life.cloud)).toEqual([]);

  await createVpc(life.cloud, "default-ams3", "ams3");
  const applied = await site.apply();
  expect(applied).toSucceed();
  expect(applied.stdout).not.toContain("Check block assertion");
  const { containerInstances, managedInstances, droplets } = await findSite(
    life.cloud,
    life.deployment,
    "ams3",
  );
  expect(containerInstances).toMatchObject([
    { node: "node-1", status: "ACTIVE", connected: true },
    { node: "node-2", status: "ACTIVE", connected: true },
  ]);
  expect(droplets).toEqual(["shop--ams3--node-1", "shop--ams3--node-2"]);
  expect(managedInstances).toEqual(containerInstances.map(({ managedInstance }) => managedInstance).sort());
  expect(await listVpcs(life.cloud)).toEqual(["default-ams3", "shop--ams3"]);
}, 300_000);

test("changes made to a droplet in the console are reported by an apply, and left as they are", async () => {
  const [one] = await listDroplets(life.cloud, "shop--ams3--node-1");
  for (const action of ["enable_ipv6", "enable_backups", "power_off"]) {
    await actOnDroplet(life.cloud, one?.id ?? 0, action);
  }
  await actOnDroplet(life.cloud, one?.id ?? 0, "resize", { size: "s-2vcpu-2gb" });
  await actOnDroplet(life.cloud, one?.id ?? 0, "power_on");
  expect(await life.changes("compute-ams3")).toEqual({});
  const mark = await life.mark();
  const applied = await life.site("ams3").apply();
  expect(applied).toSucceed();
  // Terraform breaks its lines where it likes.
  const told = applied.stdout.replace(/[│\s]+/g, " ");
  const should = (attribute: string, is: string, wanted: string): string =>
    `${attribute} of node ams3/node-1 is ${is} and should be ${wanted}: change it back in DigitalOcean's console, ` +
    "or replace the node with `npm run deploy -- --replace ams3/node-1`.";
  expect(told).toContain(should("ipv6", "true", "false"));
  expect(told).toContain(should("backups", "true", "false"));
  expect(told).toContain(should("size", "s-2vcpu-2gb", "s-1vcpu-1gb"));
  expect(told).not.toContain("node ams3/node-2");
  const calls = (await life.since(mark)).filter(
    ({ service, kind }) => service === "digitalocean" && kind === "call",
  );
  expect(calls.filter(({ name }) => !name.startsWith("GET"))).toEqual([]);
}, 300_000);

test("a destroy removes nodes in order and then their VPC; if droplets take too long, the next destroy completes it", async () => {
  const site = life.site("ams3");
  const { containerInstances } = await findSite(life.cloud, life.deployment, "ams3");
  expect(containerInstances).toHaveLength(2);
  const mark = await life.mark();
  await life.cloud.admin.digitalocean({ deletionMilliseconds: 600_000 });
  expect(await site.destroy()).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("Error deleting droplet"),
  });
  await life.cloud.admin.digitalocean({ deletionMilliseconds: 0 });
  expect(await site.destroy()).toSucceed();
  expect(await findSite(life.cloud, life.deployment, "ams3")).toEqual(nothing);
  expect(await site.state()).toEqual([]);
  expect(await listVpcs(life.cloud)).toEqual(["default-ams3"]);
  const journal = await life.since(mark);
  for (const instance of containerInstances) {
    expect(endOfNode(journal, instance)).toEqual([
      "UpdateContainerInstancesState",
      "DeregisterContainerInstance",
      "DeregisterManagedInstance",
    ]);
  }
}, 300_000);
