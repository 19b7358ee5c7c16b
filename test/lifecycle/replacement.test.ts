import { appendFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { RemoveTagsFromResourceCommand } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { deleteDroplet, type ListedDroplet } from "../support/observation/clouds";
import { eventually } from "../support/jest/eventually";
import { createHalf } from "../support/deployments/half-created";
import { callsOf, endOfNode, names, wholeEnd } from "../support/observation/journal";
import { lanes } from "../support/jest/lanes";
import type { Activation } from "../support/deployments/life-cycle";
import {
  dropletIdOf,
  dropletSite,
  nodesOf,
  partsOf,
  raised,
  type RegisteredNode,
} from "../support/observation/nodes";
import {
  impatient,
  remedy,
  startObservedLife,
  type ObservedLife,
} from "../support/deployments/observed-life";
import { serverSite } from "../support/deployments/servers";
import { reasons, said } from "../support/deployments/terraform-output";

const sites = {
  pair: dropletSite("one", "two"),
  kept: dropletSite("node-1"),
  console: dropletSite("node-1"),
  "half-destroyed": dropletSite("node-1"),
  "half-applied": dropletSite("node-1"),
  twice: dropletSite("node-1"),
  rack: serverSite("rack-1"),
};
jest.setTimeout(600_000);

let life: ObservedLife;

beforeAll(async () => {
  life = await startObservedLife({ name: "replacement", sites });
});

afterAll(() => life.stop());

const first = lanes();
/** The gates' advice is followed for all sites at the same time. */
const then = lanes(async () => {
  await first.end();
  life.configure({
    pair: raised(sites.pair, "one"),
    console: raised(sites.console, "node-1"),
    "half-applied": raised(sites["half-applied"], "node-1"),
    twice: raised(sites.twice, "node-1"),
  });
  const nodes = ["console/node-1", "half-applied/node-1", "pair/one", "twice/node-1"];
  const changes = nodes.map((node) => [`aws_ssm_activation.node["${node}"]`, "delete, create"]);
  expect(await life.changes("activations")).toEqual(Object.fromEntries(changes));
  await life.deployActivations();
});

describe("a site of two nodes", () => {
  let old: RegisteredNode;
  let other: RegisteredNode;
  let droplets: readonly ListedDroplet[];
  let activation: Activation;

  beforeAll(
    first("pair", async () => {
      expect(await life.site("pair").apply()).toSucceed();
      const nodes = await nodesOf(life, "pair");
      [old, other] = [nodes("one"), nodes("two")];
      droplets = await life.droplets("pair");
      activation = await life.activation("pair/one");
      expect(await life.usersOf(activation.id)).toEqual([old.managedInstance]);
      // Without the tag it can be found by its activation alone.
      await life.clients.ssm.send(
        new RemoveTagsFromResourceCommand({
          ResourceType: "ManagedInstance",
          ResourceId: old.managedInstance,
          TagKeys: ["anywhere.identity"],
        }),
      );
    }),
  );

  test(
    "keeps one node as it is when the other, found by its old activation, is replaced",
    then("pair", async () => {
      expect(await life.changes("compute-pair")).toEqual(
        Object.fromEntries(partsOf("one").map((address) => [address, "delete, create"])),
      );
      const mark = await life.mark();
      expect(await life.site("pair").apply()).toSucceed();

      const journal = await life.since(mark);
      const lookups = callsOf(journal, "DescribeInstanceInformation");
      // By the deregistration and by the guard.
      expect(lookups.filter((call) => names(call, activation.id))).toHaveLength(2);
      expect(endOfNode(journal, old)).toEqual(wholeEnd);
      expect(endOfNode(journal, other)).toEqual([]);
      const after = await nodesOf(life, "pair");
      const { id } = await life.activation("pair/one");
      expect(await life.usersOf(id)).toEqual([after("one").managedInstance]);
      expect(after("one").generation).not.toBe(old.generation);
      expect(after("two")).toEqual(other);
      expect((await life.find("pair")).managedInstances).toHaveLength(2);
      const [one, two] = await life.droplets("pair");
      expect(one?.id).not.toBe(droplets[0]?.id);
      expect(two).toEqual(droplets[1]);
    }),
  );
});

describe("a droplet that someone has deleted", () => {
  let old: RegisteredNode;

  test(
    "is deregistered before a new one is created, which needs a new activation",
    first("console", async () => {
      expect(await life.site("console").apply()).toSucceed();
      old = (await nodesOf(life, "console"))("node-1");
      const { id } = await life.activation("console/node-1");
      await deleteDroplet(life.cloud, await dropletIdOf(life, "console", "node-1"));
      await eventually("the droplet is gone", async () =>
        (await life.droplets("console")).length === 0 ? true : undefined,
      );

      const mark = await life.mark();
      const ended = await life.site("console").apply({ GRACE_SECONDS: "2", TIMEOUT_SECONDS: "300" });
      expect(ended.exitCode).toBe(1);
      const verdict =
        `, the activation ${id} has been used, but by a machine that never appeared or has gone since. ` +
        `It works only once: ${remedy("console", "node-1")}.`;
      const told = said(ended, "registration", "node-1").at(-1) ?? "";
      expect(told.endsWith(verdict)).toBe(true);
      expect(parseInt(told.replace(/^FAILED: after /, ""))).toBeLessThan(60);
      const journal = await life.since(mark);
      expect(endOfNode(journal, old)).toEqual(wholeEnd);
      const order = journal
        .filter((entry) => names(entry, old.managedInstance, "shop--console--node-1"))
        .map(({ name }) => name)
        .filter((name) => name === "DeregisterManagedInstance" || name === "POST /v2/droplets");
      expect(order).toEqual(["DeregisterManagedInstance", "POST /v2/droplets"]);
    }),
  );

  test(
    "has a successor after `replacement` is raised",
    then("console", async () => {
      expect(await life.site("console").apply()).toSucceed();
      const after = (await nodesOf(life, "console"))("node-1");
      expect((await life.find("console")).managedInstances).toEqual([after.managedInstance]);
      expect(after.managedInstance).not.toBe(old.managedInstance);
      await life.expectDestroyed("console");
    }),
  );
});

describe("a droplet whose creation fails after it has registered", () => {
  test(
    "is deregistered by its guard once a destroy has deleted it",
    first("half-destroyed", async () => {
      const { node, droplet } = await createHalf(life, "half-destroyed");
      const mark = await life.mark();
      const ended = await life.expectDestroyed("half-destroyed");
      expect(said(ended, "deregistration", "node-1")).toEqual([]);
      expect(said(ended, "guard", "node-1")).toEqual([
        `draining ${node.id}, 0 task(s)`,
        `deregistered ${node.id} from ECS`,
        `deregistered ${node.managedInstance} from Systems Manager`,
      ]);
      const journal = await life.since(mark);
      expect(endOfNode(journal, node)).toHaveLength(3);
      const ends = ["DELETE /v2/droplets/{droplet_id}", "DeregisterManagedInstance"];
      const order = journal
        .filter((entry) => names(entry, `"${droplet}"`, node.managedInstance))
        .map(({ name }) => name)
        .filter((name) => ends.includes(name));
      expect(order).toEqual(ends);
    }),
  );

  let half: RegisteredNode;

  test(
    "keeps its successor from passing the gate",
    first("half-applied", async () => {
      ({ node: half } = await createHalf(life, "half-applied"));
      const again = await life.site("half-applied").apply(impatient);
      expect(again.exitCode).toBe(1);
      expect(said(again, "registration", "node-1").at(-1)).toContain(remedy("half-applied", "node-1"));
    }),
  );

  test(
    "is deregistered with its successor when `replacement` is raised",
    then("half-applied", async () => {
      expect(await life.site("half-applied").apply()).toSucceed();
      const after = await life.find("half-applied");
      expect(after.containerInstances).toMatchObject([{ node: "node-1", status: "ACTIVE", connected: true }]);
      expect(after.managedInstances).toEqual([after.containerInstances[0]?.managedInstance]);
      expect(after.managedInstances).not.toEqual([half.managedInstance]);
      await life.expectDestroyed("half-applied");
    }),
  );
});

describe("a droplet that DigitalOcean has created twice, because its first response was lost,", () => {
  let known: string;
  let others: readonly ListedDroplet[];

  test(
    "fails every apply with the ids of both",
    first("twice", async () => {
      await life.cloud.admin.inject({
        match: { service: "digitalocean", operation: "POST /v2/droplets", contains: "shop--twice--node-1" },
        times: 1,
        effect: { kind: "lost-answer" },
      });
      const ended = await life.site("twice").apply(impatient);
      expect(ended.exitCode).toBe(1);
      expect(said(ended, "registration", "node-1")).toEqual([]);
      const droplets = await life.droplets("twice");
      expect(droplets.map(({ name }) => name)).toEqual(["shop--twice--node-1", "shop--twice--node-1"]);
      const [one, two] = droplets.map(({ id }) => String(id)).sort();
      // The provider has asked again, and knows the later one.
      known = two ?? "";
      others = droplets.filter(({ id }) => String(id) !== known);
      const reason =
        `DigitalOcean has several droplets named shop--twice--node-1: ${one}, ${two}. Only ${two} is in Terraform's ` +
        `state: delete the others and ${remedy("twice", "node-1")}: the one that is deleted may be the one that registered.`;
      expect(reasons(ended)).toContain(reason);
      expect(await life.site("twice").state()).toContain('null_resource.deregistration["node-1"]');
      const again = await life.site("twice").apply(impatient);
      expect(again.exitCode).toBe(1);
      expect(reasons(again)).toContain(reason);
      expect(await life.droplets("twice")).toEqual(droplets);
    }),
  );

  test(
    "is replaced by a registered successor once the other is deleted",
    then("twice", async () => {
      await Promise.all(others.map(({ id }) => deleteDroplet(life.cloud, id)));
      expect(await life.site("twice").apply()).toSucceed();
      const { containerInstances, managedInstances } = await life.find("twice");
      expect(containerInstances).toMatchObject([{ node: "node-1", status: "ACTIVE", connected: true }]);
      expect(managedInstances).toEqual([containerInstances[0]?.managedInstance]);
      const droplets = await life.droplets("twice");
      expect(droplets).toHaveLength(1);
      expect(droplets.map(({ id }) => String(id))).not.toContain(known);
      await life.expectDestroyed("twice");
    }),
  );
});

// These two change the configuration again.

test("a site of two nodes stays as it is when a node without an activation is added", async () => {
  const before = await life.find("pair");
  const state = await life.site("pair").state();
  life.configure({ pair: dropletSite("one", "two", "three") });
  const mark = await life.mark();
  const ended = await life.site("pair").apply();
  expect(ended.exitCode).toBe(1);
  expect(reasons(ended)).toContain("Invalid index");
  const journal = await life.since(mark);
  const calls = journal.filter(({ kind, caller }) => kind === "call" && caller !== undefined);
  const changing = calls.filter(({ name }) => !/^(Get|Describe|List|UpdateInstanceInformation)/i.test(name));
  expect(changing).toEqual([]);
  expect(await life.find("pair")).toEqual(before);
  expect(await life.site("pair").state()).toEqual(state);
  life.configure({ pair: raised(sites.pair, "one") });
  await life.expectDestroyed("pair");
});

test("changed tags, scripts and expiry times replace no activation and no node", async () => {
  expect(await life.site("kept").apply()).toSucceed();
  const [node, droplets] = [(await nodesOf(life, "kept"))("node-1"), await life.droplets("kept")];
  life.configure(
    { rack: { ...sites.rack, activationDays: 30 } as typeof sites.rack },
    { tags: { team: "web" } },
  );
  const assets = join(life.folderOf("compute-kept"), "assets");
  for (const script of ["bootstrap", "deregister", "await", "aws"]) {
    const [version = ""] = readdirSync(join(assets, script));
    appendFileSync(join(assets, script, version, `${script}.sh`), "# One more line.\n");
  }

  expect([...new Set(Object.values(await life.changes("control-plane")))]).toEqual(["update"]);
  expect(await life.changes("activations")).toEqual({});
  expect(await life.changes("compute-kept")).toEqual({ 'digitalocean_droplet.node["node-1"]': "update" });
  expect(await life.site("kept").apply()).toSucceed();
  expect((await nodesOf(life, "kept"))("node-1")).toEqual(node);
  expect(await life.droplets("kept")).toEqual(droplets);
  expect(await life.changes("compute-kept")).toEqual({});
  await life.expectDestroyed("kept");
});
