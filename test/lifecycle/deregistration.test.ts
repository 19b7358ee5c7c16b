import { renameSync } from "node:fs";
import { join } from "node:path";
import { DeleteClusterCommand, DeregisterContainerInstanceCommand } from "@aws-sdk/client-ecs";
import { DeregisterManagedInstanceCommand } from "@aws-sdk/client-ssm";
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Ended } from "../../demo/command";
import type { Entry } from "../../local-cloud/world";
import {
  awsClients,
  findSite,
  listDroplets,
  listManagedInstances,
  nothing,
} from "../support/observation/clouds";
import { awaitCall, callsOf, endOfNode } from "../support/observation/journal";
import { refuse } from "../support/deployments/injection";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";
import { startService } from "../support/deployments/node-service";
import { forgetTrigger } from "../support/deployments/earlier-state";
import { dropletSite, machineOf, nodesOf, type RegisteredNodes } from "../support/observation/nodes";
import { reasons, said } from "../support/deployments/terraform-output";

jest.setTimeout(600_000);

let life: LifeCycle;
let clients: ReturnType<typeof awsClients>;
const inOrder = ["UpdateContainerInstancesState", "DeregisterContainerInstance", "DeregisterManagedInstance"];

beforeAll(async () => {
  life = await startLifeCycle({
    name: "deregistration",
    sites: {
      failing: dropletSite("agent-before", "agent-during", "agent-after", "off-before", "off-during"),
      halves: dropletSite("ecs-only", "ssm-only", "stalled"),
      rescued: dropletSite("node-1"),
      clusterless: dropletSite("node-1"),
      unmarked: dropletSite("late", "never", "older"),
    },
  });
  clients = awsClients(life.cloud);
});

afterEach(() => life.cloud.admin.clearFaults());

afterAll(async () => {
  clients.ecs.destroy();
  clients.ssm.destroy();
  await life.stop();
});

async function expectNothing(site: string): Promise<void> {
  expect(await findSite(life.cloud, life.deployment, site)).toEqual(nothing);
  expect(await life.site(site).state()).toEqual([]);
}

function forceOut(containerInstance: string) {
  return clients.ecs.send(
    new DeregisterContainerInstanceCommand({ cluster: life.deployment, containerInstance, force: true }),
  );
}

describe("a node whose machine fails while it is destroyed", () => {
  let nodes: RegisteredNodes;
  let journal: readonly Entry[];
  let ended: Ended;

  beforeAll(async () => {
    const { admin } = life.cloud;
    const disturb = async (node: string, action: "agent-stop" | "power-off"): Promise<void> =>
      admin.machine(await machineOf(life, "failing", node), action);
    const startTask = (node: string, lameDuckSeconds: number) =>
      startService(life, { site: "failing", node, lameDuckSeconds, strategy: "DAEMON" });

    expect(await life.site("failing").apply()).toSucceed();
    nodes = await nodesOf(life, "failing");
    const services = await Promise.all([
      startTask("agent-before", 1),
      startTask("agent-during", 600),
      startTask("agent-after", 1),
      startTask("off-before", 1),
      startTask("off-during", 600),
    ]);
    await disturb("agent-before", "agent-stop");
    await disturb("off-before", "power-off");
    await refuse(life, {
      service: "ecs",
      operation: "DeregisterContainerInstance",
      contains: nodes("agent-after").arn,
      status: 400,
      code: "ThrottlingException",
    });
    const mark = await life.mark();
    const destroy = life.site("failing").destroy({ STALL_SECONDS: "50" });
    await awaitCall(life, mark, "UpdateContainerInstancesState", nodes("agent-during").arn);
    await disturb("agent-during", "agent-stop");
    await awaitCall(life, mark, "UpdateContainerInstancesState", nodes("off-during").arn);
    await disturb("off-during", "power-off");
    await awaitCall(life, mark, "DeregisterContainerInstance", nodes("agent-after").arn);
    await disturb("agent-after", "agent-stop");
    await admin.clearFaults();
    ended = await destroy;
    journal = await life.since(mark);
    await Promise.all(services.map(({ remove }) => remove()));
  });

  test.each([
    ["its agent dies before the drain", "agent-before"],
    ["its agent dies during the drain", "agent-during"],
    ["it is powered off before the drain", "off-before"],
    ["it is powered off during the drain", "off-during"],
  ])("is deregistered by force, once its agent has been lost for a while: %s", (_, node) => {
    const { id, managedInstance } = nodes(node);
    const lost = expect.stringMatching(
      /^the agent has not been connected for \d+ s: it cannot stop its 1 task\(s\)$/,
    );
    expect(said(ended, "deregistration", node)).toEqual([
      `draining ${id}, 1 task(s)`,
      lost,
      lost,
      "1 task(s) have not ended: ECS forgets them, and their containers stay until the machine goes or they are removed there",
      `deregistered ${id} from ECS`,
      `deregistered ${managedInstance} from Systems Manager`,
    ]);
  });

  test("is deregistered as usual when its agent dies after the drain", () => {
    const { id, managedInstance } = nodes("agent-after");
    expect(
      said(ended, "deregistration", "agent-after").filter((line) => !line.includes("throttled")),
    ).toEqual([
      `draining ${id}, 1 task(s)`,
      expect.stringMatching(/^0 task\(s\) left after \d+ s$/),
      `deregistered ${id} from ECS`,
      `deregistered ${managedInstance} from Systems Manager`,
    ]);
  });

  test("leaves nothing behind, and is taken out in order", async () => {
    expect(ended.exitCode).toBe(0);
    await expectNothing("failing");
    for (const node of ["agent-before", "agent-during", "agent-after", "off-before", "off-during"]) {
      expect([node, ...endOfNode(journal, nodes(node))]).toEqual([node, ...inOrder]);
    }
  });
});

describe("a node that is partly gone, or whose tasks don't end,", () => {
  let nodes: RegisteredNodes;
  let journal: readonly Entry[];
  let ended: Ended;

  beforeAll(async () => {
    expect(await life.site("halves").apply()).toSucceed();
    nodes = await nodesOf(life, "halves");
    const service = await startService(life, {
      site: "halves",
      node: "stalled",
      lameDuckSeconds: 0,
      strategy: "REPLICA",
    });
    const InstanceId = nodes("ecs-only").managedInstance;
    await clients.ssm.send(new DeregisterManagedInstanceCommand({ InstanceId }));
    await forceOut(nodes("ssm-only").arn);
    const mark = await life.mark();
    ended = await life.site("halves").destroy();
    journal = await life.since(mark);
    await service.remove();
  });

  test("is found when only ECS knows it", () => {
    const { id, managedInstance } = nodes("ecs-only");
    expect(said(ended, "deregistration", "ecs-only")).toEqual([
      `draining ${id}, 0 task(s)`,
      `deregistered ${id} from ECS`,
      `${managedInstance} is already gone from Systems Manager`,
    ]);
  });

  test("is found when only Systems Manager knows it", () => {
    const { managedInstance } = nodes("ssm-only");
    expect(said(ended, "deregistration", "ssm-only")).toEqual([
      `deregistered ${managedInstance} from Systems Manager`,
    ]);
    expect(endOfNode(journal, nodes("ssm-only"))).toEqual(["DeregisterManagedInstance"]);
  });

  test("has its tasks stopped through ECS when the drain makes no progress", () => {
    const { id, managedInstance } = nodes("stalled");
    expect(said(ended, "deregistration", "stalled")).toEqual([
      `draining ${id}, 1 task(s)`,
      expect.stringMatching(/^1 task\(s\) left, no progress for \d+ s, waited for \d+ s$/),
      expect.stringMatching(/^stopping task [0-9a-f]{32}, which still runs after the drain$/),
      expect.stringMatching(/^0 task\(s\) left after \d+ s$/),
      `deregistered ${id} from ECS`,
      `deregistered ${managedInstance} from Systems Manager`,
    ]);
    expect(callsOf(journal, "StopTask")).toMatchObject([
      { status: 200, detail: { reason: "Node halves/stalled is deregistered" } },
    ]);
  });

  test("leaves nothing behind", async () => {
    expect(ended.exitCode).toBe(0);
    await expectNothing("halves");
  });
});

describe("nodes that AWS or the state knows little about", () => {
  const unmarked = () => life.site("unmarked");
  let nodes: RegisteredNodes;

  test("pass their gate when their tags come late or never", async () => {
    for (const [node, seconds] of [
      ["late", 3],
      ["never", null],
      ["older", null],
    ] as const) {
      const { id } = await life.activation(`unmarked/${node}`);
      await life.cloud.admin.delayTags(id, seconds);
    }
    expect(await unmarked().apply()).toSucceed();
    nodes = await nodesOf(life, "unmarked");
  });

  test("aren't replaced, and pass their gate again, when an earlier release recorded less of them", async () => {
    forgetTrigger(life, "compute-unmarked", "older", "ACTIVATION_ID");
    await life.terraform("compute-unmarked", "taint", 'null_resource.registration["older"]');
    expect(await life.changes("compute-unmarked")).toEqual({
      'null_resource.registration["older"]': "delete, create",
    });
    expect(await unmarked().apply()).toSucceed();
    expect((await unmarked().outputs())["nodes"]).toMatchObject({ older: { activation_id: "" } });
    const { arn } = nodes("older");
    expect((await nodesOf(life, "unmarked"))("older").arn).toBe(arn);
  });

  test("are deregistered all the same", async () => {
    const mark = await life.mark();
    expect(await unmarked().destroy()).toSucceed();
    const journal = await life.since(mark);
    for (const node of ["late", "never", "older"]) {
      expect([node, ...endOfNode(journal, nodes(node))]).toEqual([node, ...inOrder]);
    }
    await expectNothing("unmarked");
  });
});

test("without the state of activations, a destroy without refresh deregisters and removes everything", async () => {
  const rescued = life.site("rescued");
  expect(await rescued.apply()).toSucceed();
  const nodes = await nodesOf(life, "rescued");
  const state = join(life.folderOf("activations"), "../../../state/shop--activations.tfstate");
  renameSync(state, `${state}.away`);
  try {
    const refused = await rescued.destroy();
    expect(refused.exitCode).toBe(1);
    expect(reasons(refused)).toContain("Unable to find remote state");
    const mark = await life.mark();
    expect(await rescued.destroy({}, "-refresh=false")).toSucceed();
    expect(endOfNode(await life.since(mark), nodes("node-1"))).toEqual(inOrder);
    await expectNothing("rescued");
  } finally {
    renameSync(`${state}.away`, state);
  }
});

// The last test: it takes the cluster away.
test("a node whose cluster is gone is deregistered from Systems Manager, and the destroy says so", async () => {
  const clusterless = life.site("clusterless");
  expect(await clusterless.apply()).toSucceed();
  const { arn, managedInstance } = (await nodesOf(life, "clusterless"))("node-1");
  await forceOut(arn);
  await clients.ecs.send(new DeleteClusterCommand({ cluster: life.deployment }));
  const ended = await clusterless.destroy();
  expect(ended.exitCode).toBe(0);
  expect(said(ended, "deregistration", "node-1")).toEqual([
    "the cluster shop no longer exists",
    `deregistered ${managedInstance} from Systems Manager`,
  ]);
  expect(await listManagedInstances(clients.ssm)).toEqual([]);
  expect(await listDroplets(life.cloud, "shop--clusterless--")).toEqual([]);
  expect(await clusterless.state()).toEqual([]);
});
