import { DescribeTasksCommand, paginateListTasks } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { awsClients, findSite, listDroplets, nothing } from "../support/clouds";
import { eventually } from "../support/eventually";
import { callsOf, endOfNode, names } from "../support/journal";
import { startLifeCycle, type LifeCycle } from "../support/life-cycle";
import { nodesOf } from "../support/nodes";

const ams3 = (nodes: number) => ({ kind: "digitalocean" as const, region: "ams3", nodes });

let life: LifeCycle;
let clients: ReturnType<typeof awsClients>;

beforeAll(async () => {
  life = await startLifeCycle({ name: "scaling", sites: { ams3: ams3(1) } });
  clients = awsClients(life.cloud);
}, 600_000);

afterAll(async () => {
  clients.ecs.destroy();
  clients.ssm.destroy();
  await life.stop();
});

const nodeNames = (count: number) => Array.from({ length: count }, (_, index) => `node-${index + 1}`);

/** Deploys the control plane and the nodes; a task gets the time that it needs to end. */
async function scale(nodes: number): Promise<void> {
  life.configure({ ams3: ams3(nodes) });
  await life.deployActivations();
  expect(await life.site("ams3").apply({ STALL_SECONDS: "120", DRAIN_SECONDS: "180" })).toMatchObject({
    exitCode: 0,
  });
}

/** ARNs of the running tasks by the container instance that they run on. */
async function runningTasks(): Promise<Readonly<Record<string, string>>> {
  const { ecs: client } = clients;
  const cluster = life.deployment;
  const arns: string[] = [];
  for await (const { taskArns = [] } of paginateListTasks({ client }, { cluster })) {
    arns.push(...taskArns);
  }
  const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks: arns }));
  return Object.fromEntries(
    tasks
      .filter(({ lastStatus }) => lastStatus === "RUNNING")
      .map(({ containerInstanceArn = "", taskArn = "" }) => [containerInstanceArn, taskArn]),
  );
}

test("a site scales from one node to five and to two: only what is removed is deregistered, and no other task ends", async () => {
  expect(await life.site("ams3").apply()).toMatchObject({ exitCode: 0 });
  await life.terraform("service-web", "apply", "-auto-approve", "-input=false", "-no-color");
  const [first] = Object.values(await runningTasks());
  expect(first).toBeDefined();

  await scale(5);
  const nodes = await nodesOf(life, "ams3");
  const droplets = await listDroplets(life.cloud, "shop--ams3--");
  expect(droplets).toHaveLength(5);
  const tasks = await eventually("a task runs on each node", async () => {
    const running = await runningTasks();
    return Object.keys(running).length === 5 ? running : undefined;
  });
  expect(Object.keys(tasks).sort()).toEqual(
    nodeNames(5)
      .map((node) => nodes(node).arn)
      .sort(),
  );
  expect(tasks[nodes("node-1").arn]).toBe(first);

  const mark = await life.mark();
  await scale(2);
  const journal = await life.since(mark);
  const kept = nodeNames(2).map(nodes);
  for (const node of nodeNames(5).slice(2).map(nodes)) {
    expect(endOfNode(journal, node)).toEqual([
      "UpdateContainerInstancesState",
      "DeregisterContainerInstance",
      "DeregisterManagedInstance",
    ]);
  }
  expect(kept.map((node) => endOfNode(journal, node))).toEqual([[], []]);
  expect(callsOf(journal, "DeregisterManagedInstance")).toHaveLength(3);
  expect(callsOf(journal, "StopTask").filter((call) => names(call, ...Object.values(tasks)))).toEqual([]);
  expect(await findSite(life.cloud, life.deployment, "ams3")).toMatchObject({
    managedInstances: kept.map(({ managedInstance }) => managedInstance).sort(),
    containerInstances: kept.map(({ arn, node }) => ({ arn, node, status: "ACTIVE", connected: true })),
    droplets: ["shop--ams3--node-1", "shop--ams3--node-2"],
  });
  expect(await listDroplets(life.cloud, "shop--ams3--")).toEqual(droplets.slice(0, 2));
  expect(await runningTasks()).toEqual(Object.fromEntries(kept.map(({ arn }) => [arn, tasks[arn]])));

  expect(await life.site("ams3").destroy()).toMatchObject({ exitCode: 0 });
  expect(await findSite(life.cloud, life.deployment, "ams3")).toEqual(nothing);
}, 900_000);
