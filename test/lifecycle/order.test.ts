import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { findSite, nothing } from "../support/clouds";
import { endOfNode } from "../support/journal";
import { startLifeCycle, type LifeCycle } from "../support/life-cycle";

let life: LifeCycle;

beforeAll(async () => {
  life = await startLifeCycle({
    name: "order",
    sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  });
}, 300_000);

afterAll(() => life.stop());

test("nodes are up when an apply ends, and gone in order when a destroy does", async () => {
  const site = life.site("ams3");
  expect(await site.apply()).toMatchObject({ exitCode: 0 });
  const before = await findSite(life.cloud, life.deployment, "ams3");
  expect(before).toMatchObject({
    containerInstances: [
      { node: "node-1", status: "ACTIVE", connected: true },
      { node: "node-2", status: "ACTIVE", connected: true },
    ],
    droplets: ["shop--ams3--node-1", "shop--ams3--node-2"],
  });
  expect(before.managedInstances).toEqual(
    before.containerInstances.map(({ managedInstance }) => managedInstance).sort(),
  );

  const mark = await life.mark();
  expect(await site.destroy()).toMatchObject({ exitCode: 0 });
  expect(await findSite(life.cloud, life.deployment, "ams3")).toEqual(nothing);
  expect(await site.state()).toEqual([]);
  const journal = await life.since(mark);
  for (const instance of before.containerInstances) {
    expect(endOfNode(journal, instance)).toEqual([
      "UpdateContainerInstancesState",
      "DeregisterContainerInstance",
      "DeregisterManagedInstance",
    ]);
  }
}, 300_000);
