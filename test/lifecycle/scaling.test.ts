import { DescribeTasksCommand, paginateListTasks } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { rolloutOf } from "../../config/services/rollout";
import { service } from "../../config/services/service";
import { awsClients, findSite, listDroplets, nothing } from "../support/observation/clouds";
import { eventually } from "../support/jest/eventually";
import { callsOf, endOfNode, names } from "../support/observation/journal";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";
import { sample } from "../support/deployments/sample-environment";
import { nodesOf } from "../support/observation/nodes";
import { activeRevisions, handovers } from "../support/observation/services";

const ams3 = (nodes: number) => ({ kind: "digitalocean" as const, region: "ams3", nodes });

/** Nodes at the most. */
const many = 12;
const rolledOut = sample({ environment: { VERSION: "next" }, rollout: { atOnce: 4 } });

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

/** ARNs of the tasks that run and are healthy, by the container instance that they run on. */
async function healthyTasks(): Promise<Readonly<Record<string, string>>> {
  const { ecs: client } = clients;
  const cluster = life.deployment;
  const arns: string[] = [];
  for await (const { taskArns = [] } of paginateListTasks({ client }, { cluster })) {
    arns.push(...taskArns);
  }
  const { tasks = [] } = await client.send(new DescribeTasksCommand({ cluster, tasks: arns }));
  return Object.fromEntries(
    tasks
      .filter(({ lastStatus, healthStatus }) => lastStatus === "RUNNING" && healthStatus === "HEALTHY")
      .map(({ containerInstanceArn = "", taskArn = "" }) => [containerInstanceArn, taskArn]),
  );
}

/** The tasks of the nodes when there is one on each. */
let tasks: Readonly<Record<string, string>>;

test("a site scales from one node to twelve, and the existing task stays", async () => {
  expect(await life.site("ams3").apply()).toSucceed();
  expect(await life.web.apply()).toSucceed();
  const [first] = Object.values(await healthyTasks());
  expect(first).toBeDefined();

  await scale(many);
  const nodes = await nodesOf(life, "ams3");
  expect(await listDroplets(life.cloud, "shop--ams3--")).toHaveLength(many);
  tasks = await eventually("a healthy task on each node", async () => {
    const running = await healthyTasks();
    return Object.keys(running).length === many ? running : undefined;
  });
  expect(Object.keys(tasks).sort()).toEqual(
    nodeNames(many)
      .map((node) => nodes(node).arn)
      .sort(),
  );
  expect(tasks[nodes("node-1").arn]).toBe(first);
}, 900_000);

test("a service is rolled out on twelve nodes, four at a time, each back behind the load balancer before the next goes, within its timeout", async () => {
  const [revision = ""] = await activeRevisions(clients.ecs, life, "ams3");
  const mark = await life.mark();
  life.configure({}, { services: { web: rolledOut } });
  expect(await life.web.apply()).toSucceed();

  const turns = await handovers(clients.ecs, life, "ams3", revision, mark);
  expect(turns.map(({ node }) => node).sort()).toEqual(nodeNames(many).sort());
  const together = turns.map(
    ({ told }) => turns.filter((other) => other.told <= told && !((other.in ?? Infinity) < told)).length,
  );
  expect(Math.max(...together)).toBe(4);
  const { timeout } = rolloutOf(many, service.parse(rolledOut));
  const seconds =
    (Math.max(...turns.map((turn) => turn.in ?? Infinity)) - Math.min(...turns.map(({ told }) => told))) /
    1000;
  expect(seconds).toBeLessThan(timeout);
  tasks = await healthyTasks();
  expect(Object.keys(tasks)).toHaveLength(many);
}, 900_000);

test("a site scales from twelve nodes to two: only removed nodes are deregistered, and no other task ends", async () => {
  const nodes = await nodesOf(life, "ams3");
  const droplets = await listDroplets(life.cloud, "shop--ams3--");
  const mark = await life.mark();
  await scale(2);
  const journal = await life.since(mark);
  const kept = nodeNames(2).map(nodes);
  for (const node of nodeNames(many).slice(2).map(nodes)) {
    expect(endOfNode(journal, node)).toEqual([
      "UpdateContainerInstancesState",
      "DeregisterContainerInstance",
      "DeregisterManagedInstance",
    ]);
  }
  expect(kept.map((node) => endOfNode(journal, node))).toEqual([[], []]);
  expect(callsOf(journal, "DeregisterManagedInstance")).toHaveLength(many - 2);
  expect(callsOf(journal, "StopTask").filter((call) => names(call, ...Object.values(tasks)))).toEqual([]);
  expect(await findSite(life.cloud, life.deployment, "ams3")).toMatchObject({
    managedInstances: kept.map(({ managedInstance }) => managedInstance).sort(),
    containerInstances: kept.map(({ arn, node }) => ({ arn, node, status: "ACTIVE", connected: true })),
    droplets: ["shop--ams3--node-1", "shop--ams3--node-2"],
  });
  expect(await listDroplets(life.cloud, "shop--ams3--")).toEqual(
    droplets.filter(({ name }) => /node-[12]$/.test(name)),
  );
  expect(await healthyTasks()).toEqual(Object.fromEntries(kept.map(({ arn }) => [arn, tasks[arn]])));

  expect(await life.site("ams3").destroy()).toSucceed();
  expect(await findSite(life.cloud, life.deployment, "ams3")).toEqual(nothing);
}, 900_000);
