import { expect, test } from "@jest/globals";
import { until } from "./fake-machines";
import { useProviders } from "./providers-stage";

/** A minute of the provider's waits is 1.2 s here. */
const second = 20;
const stage = useProviders(second);

const plain = {
  name: "one",
  region: "ams3",
  size: "s-1vcpu-1gb",
  image: "ubuntu-24-04-x64",
  tags: ["red"],
};
const configuration = (more: object = {}) => ({ digitalocean_droplet: { one: { ...plain, ...more } } });
const onlyDroplet = () => {
  const [droplet] = [...stage().world.digitalocean.droplets.values()];
  if (droplet === undefined) {
    throw new Error("there is no droplet");
  }
  return droplet;
};

test("changes to a droplet outside Terraform are undone, in place where DigitalOcean can do that", async () => {
  const { world, apply, configure, expectNoChanges, plannedActions, calls } = stage();
  await configure(configuration());
  await apply();
  const droplet = onlyDroplet();
  droplet.features.add("backups");
  droplet.name = "other";
  droplet.size = "s-2vcpu-2gb";
  expect(await plannedActions()).toEqual({ "digitalocean_droplet.one": "update" });
  world.journal.length = 0;
  await apply();
  expect(onlyDroplet()).toBe(droplet);
  expect(droplet).toMatchObject({ name: "one", size: "s-1vcpu-1gb", status: "active" });
  expect([...droplet.features]).toEqual([]);
  expect(calls("POST")).toHaveLength(5);
  await expectNoChanges();

  for (const feature of ["ipv6", "monitoring"] as const) {
    droplet.features.add(feature);
    expect(await plannedActions()).toEqual({ "digitalocean_droplet.one": "delete,create" });
    droplet.features.delete(feature);
  }
  await configure(configuration({ ipv6: true }));
  await apply();
  expect([...onlyDroplet().features]).toEqual(["ipv6"]);
  await expectNoChanges();
}, 60_000);

test("a droplet that ignores changes gets them all when its generation replaces it", async () => {
  const { apply, configure, expectNoChanges } = stage();
  const lifecycle = {
    ignore_changes: ["size", "image", "region", "ipv6", "monitoring", "backups"],
    replace_triggered_by: ["null_resource.generation"],
  };
  const generation = (triggers: object) => ({ null_resource: { generation: { triggers } } });
  await configure({ ...generation({ of: "1" }), ...configuration({ lifecycle }) });
  await apply();
  const before = onlyDroplet();
  before.features.add("ipv6");
  const changed = { size: "s-2vcpu-2gb", image: "debian-12-x64", region: "fra1", monitoring: true };
  await configure({ ...generation({ of: "1" }), ...configuration({ ...changed, lifecycle }) });
  await expectNoChanges();
  await configure({ ...generation({ of: "2" }), ...configuration({ ...changed, lifecycle }) });
  await apply();
  expect(onlyDroplet()).not.toBe(before);
  expect(onlyDroplet()).toMatchObject({ size: "s-2vcpu-2gb", image: "debian-12-x64", region: "fra1" });
  expect([...onlyDroplet().features]).toEqual(["monitoring"]);
  await expectNoChanges();
}, 60_000);

test("a destroy waits for a locked droplet as long as its time-out; a new time-out alone is no change", async () => {
  const { world, terraform, apply, configure, expectNoChanges, plannedActions } = stage();
  const { behaviour } = world.digitalocean;
  await configure(configuration());
  await apply();
  await configure(configuration({ timeouts: { delete: "10m" } }));
  await expectNoChanges();

  behaviour.actionMilliseconds = 600_000;
  await lock();
  const early = await terraform("destroy", "-auto-approve", "-no-color");
  expect([early.code, early.output]).toEqual([
    1,
    expect.stringContaining("waiting for droplet to be unlocked for destroy"),
  ]);
  behaviour.actionMilliseconds = 0;
  await until(() => onlyDroplet().features.size === 1);

  // Now the state takes them over.
  await configure(configuration({ tags: ["blue"], ipv6: true, timeouts: { delete: "10m" } }));
  expect(await plannedActions()).toEqual({ "digitalocean_droplet.one": "update" });
  await apply();
  behaviour.actionMilliseconds = 120 * second;
  await lock();
  expect(await terraform("destroy", "-auto-approve")).toMatchObject({ code: 0 });
}, 60_000);

test("a deletion that takes over a minute fails the destroy, whatever the time-outs; the next succeeds", async () => {
  const { world, terraform, apply, configure } = stage();
  const { behaviour } = world.digitalocean;
  await configure(configuration({ timeouts: { delete: "10m" } }));
  await apply();
  behaviour.deletionMilliseconds = 600_000;
  const late = await terraform("destroy", "-auto-approve", "-no-color");
  expect([late.code, late.output]).toEqual([1, expect.stringContaining("Error deleting droplet")]);
  expect((await terraform("state", "list")).output).toBe("digitalocean_droplet.one\n");
  behaviour.deletionMilliseconds = 0;
  await until(() => world.digitalocean.droplets.size === 0);
  expect(await terraform("destroy", "-auto-approve")).toMatchObject({ code: 0 });
}, 60_000);

/** Starts an action on the droplet, as somebody does in the console. */
async function lock(): Promise<void> {
  const { endpoint } = stage();
  const response = await fetch(`${endpoint}/v2/droplets/${onlyDroplet().id}/actions`, {
    method: "POST",
    headers: { authorization: "Bearer somebody" },
    body: JSON.stringify({ type: "enable_ipv6" }),
  });
  expect(response.status).toBe(201);
}
