import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { RemoveTagsFromResourceCommand } from "@aws-sdk/client-ssm";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { Ended } from "../../local-cloud/demo/command";
import { awsClients, findSite, listDroplets, listManagedInstances, nothing } from "../support/clouds";
import { eventually } from "../support/eventually";
import { refuse } from "../support/injection";
import { callsOf, endOfNode, names } from "../support/journal";
import { startLifeCycle, type LifeCycle } from "../support/life-cycle";
import { dropletIdOf, dropletSite, nodesOf, raised } from "../support/nodes";
import { serverSite } from "../support/servers";
import { reasons, said } from "../support/terraform-output";

const sites = {
  pair: dropletSite("one", "two"),
  kept: dropletSite("node-1"),
  console: dropletSite("node-1"),
  "half-destroyed": dropletSite("node-1"),
  "half-applied": dropletSite("node-1"),
  rack: serverSite("rack-1"),
};
const wholeEnd = [
  "UpdateContainerInstancesState",
  "DeregisterContainerInstance",
  "DeregisterManagedInstance",
];
/** The gate gives up soon: what it waits for does not come. */
const impatient = { TIMEOUT_SECONDS: "3" };
/** What belongs to a node and is replaced with it. */
const partsOf = (node: string) => [
  `digitalocean_droplet.node["${node}"]`,
  `null_resource.deregistration["${node}"]`,
  `null_resource.generation["${node}"]`,
  `null_resource.guard["${node}"]`,
  `null_resource.registration["${node}"]`,
];

let life: LifeCycle;
let clients: ReturnType<typeof awsClients>;

beforeAll(async () => {
  life = await startLifeCycle({ name: "replacement", sites });
  clients = awsClients(life.cloud);
}, 600_000);

afterEach(() => life.cloud.admin.clearFaults());

afterAll(async () => {
  clients.ecs.destroy();
  clients.ssm.destroy();
  await life.stop();
});

const find = (site: string) => findSite(life.cloud, life.deployment, site);
const dropletsOf = (site: string) => listDroplets(life.cloud, `${life.deployment}-${site}-`);
const usersOf = (activation: string) =>
  listManagedInstances(clients.ssm, [{ Key: "ActivationIds", Values: [activation] }]);
const remedy = (site: string, node: string) =>
  `raise \`replacement\` of sites.${site}.nodes.${node} in the configuration by one and deploy.`;

async function expectDestroyed(site: string): Promise<Ended> {
  const ended = await life.site(site).destroy();
  expect(ended).toMatchObject({ exitCode: 0 });
  expect(await find(site)).toEqual(nothing);
  expect(await life.site(site).state()).toEqual([]);
  return ended;
}

/** Does what the gates advise. */
async function raise(site: keyof typeof sites, ...nodes: readonly string[]): Promise<void> {
  life.configure({ [site]: raised(sites[site], ...nodes) });
  await life.deployControlPlane();
  expect(await life.site(site).apply()).toMatchObject({ exitCode: 0 });
}

describe("a site of two nodes", () => {
  test("keeps the one as it is when the other is replaced, which leaves with its old activation", async () => {
    expect(await life.site("pair").apply()).toMatchObject({ exitCode: 0 });
    const nodes = await nodesOf(life, "pair");
    const [old, other] = [nodes("one"), nodes("two")];
    const droplets = await dropletsOf("pair");
    const activation = await life.activation("pair/one");
    expect(await usersOf(activation.id)).toEqual([old.managedInstance]);
    // Without the tag it can be found by its activation alone.
    await clients.ssm.send(
      new RemoveTagsFromResourceCommand({
        ResourceType: "ManagedInstance",
        ResourceId: old.managedInstance,
        TagKeys: ["anywhere.identity"],
      }),
    );

    life.configure({ pair: raised(sites.pair, "one") });
    expect(await life.changes("control-plane")).toEqual({
      'aws_ssm_activation.node["pair/one"]': "delete, create",
    });
    await life.deployControlPlane();
    expect(await life.changes("compute-pair")).toEqual(
      Object.fromEntries(partsOf("one").map((address) => [address, "delete, create"])),
    );
    const mark = await life.mark();
    expect(await life.site("pair").apply()).toMatchObject({ exitCode: 0 });

    const journal = await life.since(mark);
    const lookups = callsOf(journal, "DescribeInstanceInformation");
    expect(lookups.filter((call) => names(call, "ActivationIds") && names(call, activation.id))).toHaveLength(
      1,
    );
    expect(endOfNode(journal, old)).toEqual(wholeEnd);
    expect(endOfNode(journal, other)).toEqual([]);
    const after = await nodesOf(life, "pair");
    expect(await usersOf((await life.activation("pair/one")).id)).toEqual([after("one").managedInstance]);
    expect(after("one").generation).not.toBe(old.generation);
    expect(after("two")).toEqual(other);
    expect((await find("pair")).managedInstances).toHaveLength(2);
    const [one, two] = await dropletsOf("pair");
    expect(one?.id).not.toBe(droplets[0]?.id);
    expect(two).toEqual(droplets[1]);
  }, 600_000);

  test("stays as it is when a node is added for which control-plane has no activation yet", async () => {
    const before = await find("pair");
    const state = await life.site("pair").state();
    life.configure({ pair: dropletSite("one", "two", "three") });
    const mark = await life.mark();
    const ended = await life.site("pair").apply();
    expect(ended.exitCode).toBe(1);
    expect(reasons(ended)).toContain("Invalid index");
    const calls = (await life.since(mark)).filter(
      ({ kind, caller }) => kind === "call" && caller !== undefined,
    );
    const changing = calls.filter(({ name }) => !/^(GET|Describe|List|UpdateInstanceInformation)/.test(name));
    expect(changing).toEqual([]);
    expect(await find("pair")).toEqual(before);
    expect(await life.site("pair").state()).toEqual(state);
    life.configure({ pair: raised(sites.pair, "one") });
    await expectDestroyed("pair");
  }, 600_000);
});

test("changed tags, texts of scripts and expiries replace no activation and no node", async () => {
  expect(await life.site("kept").apply()).toMatchObject({ exitCode: 0 });
  const [node, droplets] = [(await nodesOf(life, "kept"))("node-1"), await dropletsOf("kept")];
  life.configure(
    { rack: { ...sites.rack, activationDays: 30 } as typeof sites.rack },
    { tags: { team: "web" } },
  );
  const assets = join(life.folderOf("compute-kept"), "assets");
  for (const script of ["bootstrap", "deregister", "await", "aws"]) {
    const [version = ""] = readdirSync(join(assets, script));
    appendFileSync(join(assets, script, version, `${script}.sh`), "# One more line.\n");
  }

  const controlPlane = await life.changes("control-plane");
  expect([...new Set(Object.values(controlPlane))]).toEqual(["update"]);
  expect(Object.keys(controlPlane).filter((address) => address.startsWith("aws_ssm_activation"))).toEqual([]);
  expect(await life.changes("compute-kept")).toEqual({ 'digitalocean_droplet.node["node-1"]': "update" });
  expect(await life.site("kept").apply()).toMatchObject({ exitCode: 0 });
  expect((await nodesOf(life, "kept"))("node-1")).toEqual(node);
  expect(await dropletsOf("kept")).toEqual(droplets);
  expect(await life.changes("compute-kept")).toEqual({});
  await expectDestroyed("kept");
}, 600_000);

test("a droplet that somebody has deleted is deregistered before a new one is made, which needs a new activation", async () => {
  expect(await life.site("console").apply()).toMatchObject({ exitCode: 0 });
  const old = (await nodesOf(life, "console"))("node-1");
  const { id } = await life.activation("console/node-1");
  const deleted = await fetch(
    `${life.cloud.environment["DIGITALOCEAN_API_URL"] ?? ""}/v2/droplets/${await dropletIdOf(life, "console", "node-1")}`,
    { method: "DELETE", headers: { authorization: "Bearer somebody" } },
  );
  expect(deleted.status).toBe(204);
  await eventually("the droplet is gone", async () =>
    (await dropletsOf("console")).length === 0 ? true : undefined,
  );

  const mark = await life.mark();
  const ended = await life.site("console").apply(impatient);
  expect(ended.exitCode).toBe(1);
  expect(said(ended, "registration", "node-1").at(-1)).toBe(
    `FAILED: after 3 s, the activation ${id} has been used, but by a machine that never appeared or has gone since. ` +
      `It works only once: ${remedy("console", "node-1")}`,
  );
  const journal = await life.since(mark);
  expect(endOfNode(journal, old)).toEqual(wholeEnd);
  const order = journal
    .map(({ name }) => name)
    .filter((name) => name === "DeregisterManagedInstance" || name === "POST /v2/droplets");
  expect(order).toEqual(["DeregisterManagedInstance", "POST /v2/droplets"]);

  await raise("console", "node-1");
  const after = (await nodesOf(life, "console"))("node-1");
  expect((await find("console")).managedInstances).toEqual([after.managedInstance]);
  expect(after.managedInstance).not.toBe(old.managedInstance);
  await expectDestroyed("console");
}, 600_000);

describe("a droplet whose creation fails after it has registered", () => {
  const createHalf = async (site: string) => {
    await refuse(life, {
      service: "digitalocean",
      operation: "GET /v2/droplets/{droplet_id}",
      status: 500,
      code: "server_error",
      message: "no status",
    });
    const ended = await life.site(site).apply();
    expect(ended.exitCode).toBe(1);
    expect(reasons(ended)).toMatch(/Error waiting for droplet \(\d+\) to become ready: .*500 no status/);
    await eventually("its machine is connected", async () =>
      (await find(site)).containerInstances.find(({ connected }) => connected),
    );
    await life.cloud.admin.clearFaults();
    expect((await life.site(site).state()).filter((address) => address.startsWith("null_resource."))).toEqual(
      ['null_resource.generation["node-1"]', 'null_resource.guard["node-1"]'],
    );
    return (await nodesOf(life, site))("node-1");
  };

  test("is deregistered by its guard when it is destroyed, once it is gone", async () => {
    const node = await createHalf("half-destroyed");
    const mark = await life.mark();
    const ended = await expectDestroyed("half-destroyed");
    expect(said(ended, "deregistration", "node-1")).toEqual([]);
    expect(said(ended, "guard", "node-1")).toEqual([
      `draining ${node.id}, 0 task(s)`,
      `deregistered ${node.id} from ECS`,
      `deregistered ${node.managedInstance} from Systems Manager`,
    ]);
    const journal = await life.since(mark);
    expect(endOfNode(journal, node)).toHaveLength(3);
    const order = journal
      .map(({ name }) => name)
      .filter((name) => name === "DELETE /v2/droplets/{droplet_id}" || name === "DeregisterManagedInstance");
    expect(order).toEqual(["DELETE /v2/droplets/{droplet_id}", "DeregisterManagedInstance"]);
  }, 600_000);

  test("does not let its successor pass the gate, and is deregistered with it by a raised `replacement`", async () => {
    const node = await createHalf("half-applied");
    const again = await life.site("half-applied").apply(impatient);
    expect(again.exitCode).toBe(1);
    expect(said(again, "registration", "node-1").at(-1)).toContain(remedy("half-applied", "node-1"));

    await raise("half-applied", "node-1");
    const after = await find("half-applied");
    expect(after.containerInstances).toMatchObject([{ node: "node-1", status: "ACTIVE", connected: true }]);
    expect(after.managedInstances).toEqual([after.containerInstances[0]?.managedInstance]);
    expect(after.managedInstances).not.toEqual([node.managedInstance]);
    await expectDestroyed("half-applied");
  }, 600_000);
});
