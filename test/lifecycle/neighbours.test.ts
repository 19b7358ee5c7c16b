import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { DescribeTasksCommand } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Foreign } from "../../local-cloud/admin/admin";
import type { Environment } from "../../config/schema";
import { Project } from "../../demo/project";
import { makeRunDirectory } from "../../local-cloud/run-directory";
import type { Entry } from "../../local-cloud/world";
import {
  awsClients,
  findSite,
  listContainerInstances,
  listDroplets,
  listManagedInstances,
} from "../support/observation/clouds";
import { eventually } from "../support/jest/eventually";
import { callsOf, names } from "../support/observation/journal";
import {
  shortWaits,
  startLifeCycle,
  startNeighbour,
  type LifeCycle,
} from "../support/deployments/life-cycle";
import { environmentOf, type SiteSettings } from "../support/deployments/sample-environment";
import { startService, type NodeService } from "../support/deployments/node-service";
import { holdToPolicies } from "../support/permissions/roles";
import { dropletSite, nodesOf } from "../support/observation/nodes";
import { answers } from "../support/observation/listening";
import { living, processTree } from "../support/programs/process-tree";

const rack: SiteSettings = { kind: "on-premises", nodes: { "rack-1": {} } };
const environment = (sites: Environment["sites"]) => ({
  ...environmentOf(sites, { name: "shop-3" }),
  backend: undefined,
});

jest.setTimeout(600_000);

let life: LifeCycle;
let neighbour: LifeCycle;
let foreign: Foreign;
let service: NodeService;
let clients: ReturnType<typeof awsClients>;
let project: Project;

beforeAll(async () => {
  life = await startLifeCycle({
    name: "neighbours",
    sites: { ams3: dropletSite("web-1", "web-2") },
  });
  clients = awsClients(life.cloud);
  foreign = await life.cloud.admin.seedForeign("shop");
  const [applied] = await Promise.all([life.site("ams3").apply(), deployNeighbour(), deployProject()]);
  expect(applied).toSucceed();
});

async function deployNeighbour(): Promise<void> {
  neighbour = await startNeighbour(life, {
    name: "neighbours-2",
    environment: { name: "shop-2" },
    sites: { ams3: dropletSite("web-1", "web-2") },
  });
  expect(await neighbour.site("ams3").apply()).toSucceed();
  service = await startService(neighbour, {
    site: "ams3",
    node: "web-1",
    lameDuckSeconds: 1,
    strategy: "DAEMON",
  });
}

/** Deploys a third deployment, by our own commands, with a site that is to leave. */
async function deployProject(): Promise<void> {
  const variables = { ...life.cloud.variables, ...shortWaits };
  project = new Project({ ...life.cloud, variables }, resolve(".local-cloud/tests/neighbours-3"));
  project.configure(environment({ office: rack, leaving: dropletSite("web-1") }));
  await project.mustAnywhere(
    "deploy",
    "control-plane",
    "activations",
    "compute-office",
    "compute-leaving",
    "--auto-approve",
  );
}

afterAll(async () => {
  clients.ecs.destroy();
  clients.ssm.destroy();
  await life.cloud.stop();
});

describe("beside strangers, and a deployment with the same sites and nodes,", () => {
  const ours = () => life.site("ams3");

  /** Everything that is somebody else's. */
  async function others() {
    const mine = await findSite(life.cloud, "shop", "ams3");
    const own = mine.containerInstances.map(({ managedInstance }) => managedInstance);
    const { ssm, ecs } = clients;
    const { tasks = [] } = await ecs.send(
      new DescribeTasksCommand({ cluster: "shop-2", tasks: [service.taskArn] }),
    );
    return {
      managedInstances: (await listManagedInstances(ssm)).filter((id) => !own.includes(id)),
      neighbours: (await listContainerInstances(ecs, "shop-2")).map(
        ({ arn, node, managedInstance, status }) => ({ arn, node, managedInstance, status }),
      ),
      strangers: (await listContainerInstances(ecs, "foreign")).map(({ arn, status }) => [arn, status]),
      droplets: await listDroplets(life.cloud, "shop-2--"),
      tasks: tasks.map(({ lastStatus, desiredStatus }) => [lastStatus, desiredStatus]),
    };
  }

  /** Everything in the journal that names something of somebody else's, but for their own agents' calls. */
  function touching(
    journal: readonly Entry[],
    { managedInstances, neighbours, strangers, droplets }: Others,
  ) {
    const ids = [
      ...managedInstances,
      ...neighbours.map(({ arn }) => arn),
      ...strangers.map(([arn]) => String(arn)),
      ...droplets.map(({ id }) => `"${id}"`),
    ];
    return journal.filter(
      (entry) => entry.kind === "call" && !/agent/.test(entry.caller ?? "") && names(entry, ...ids),
    );
  }
  type Others = Awaited<ReturnType<typeof others>>;

  const deregistered = (journal: readonly Entry[]) =>
    callsOf(journal, "DeregisterManagedInstance").map(({ detail }) => detail["InstanceId"]);

  test("a scale-down and a destroy remove only our nodes, and never query others", async () => {
    const before = await others();
    expect(before).toMatchObject({
      managedInstances: expect.arrayContaining([...foreign.managedInstances]),
      neighbours: [
        { node: "web-1", status: "ACTIVE" },
        { node: "web-2", status: "ACTIVE" },
      ],
      strangers: expect.arrayContaining(foreign.containerInstances.map((arn) => [arn, "ACTIVE"])),
      droplets: [{ name: "shop-2--ams3--web-1" }, { name: "shop-2--ams3--web-2" }],
      tasks: [["RUNNING", "RUNNING"]],
    });
    // Those of the neighbours, of the strangers, and of a third deployment.
    expect(before.managedInstances).toHaveLength(6);

    const nodes = await nodesOf(life, "ams3");
    const mark = await life.mark();
    life.configure({ ams3: dropletSite("web-1") });
    expect(await ours().apply()).toSucceed();
    const scaleDown = await life.since(mark);
    expect(deregistered(scaleDown)).toEqual([nodes("web-2").managedInstance]);
    expect(touching(scaleDown, before)).toEqual([]);
    expect(await others()).toEqual(before);

    const down = await life.mark();
    expect(await ours().destroy()).toSucceed();
    const destroy = await life.since(down);
    expect(deregistered(destroy)).toEqual([nodes("web-1").managedInstance]);
    expect(touching(destroy, before)).toEqual([]);
    expect(await others()).toEqual(before);
    expect(await ours().state()).toEqual([]);
  });
});

test("a node is replaced by name: its old activation finds it for removal, and its successor gets a new one", async () => {
  const activations = async () => {
    const { activation_ids, activation_codes } = await project.outputs("activations");
    return { ids: activation_ids, codes: activation_codes } as Readonly<
      Record<"ids" | "codes", Readonly<Record<string, string>>>
    >;
  };
  const before = await activations();
  const [old] = (await findSite(life.cloud, "shop-3", "leaving")).managedInstances;
  const mark = await life.mark();
  const ended = await project.anywhere("deploy", "--replace", "leaving/web-1", "--auto-approve");
  expect(ended).toSucceed();
  const after = await activations();
  expect(after.ids).toEqual({
    ...before.ids,
    "leaving/web-1": expect.not.stringMatching(before.ids["leaving/web-1"] ?? ""),
  });

  const journal = await life.since(mark);
  expect(callsOf(journal, "DeregisterManagedInstance").map(({ detail }) => detail["InstanceId"])).toEqual([
    old,
  ]);
  const lookups = callsOf(journal, "DescribeInstanceInformation");
  expect(
    lookups.some(
      (lookUp) => names(lookUp, "ActivationIds") && names(lookUp, before.ids["leaving/web-1"] ?? ""),
    ),
  ).toBe(true);
  const { containerInstances, managedInstances } = await findSite(life.cloud, "shop-3", "leaving");
  expect(containerInstances).toMatchObject([{ node: "web-1", status: "ACTIVE", connected: true }]);
  expect(managedInstances).not.toContain(old);
  const users = [{ Key: "ActivationIds", Values: [after.ids["leaving/web-1"] ?? ""] }];
  expect(await listManagedInstances(clients.ssm, users)).toEqual(managedInstances);
  for (const code of [...Object.values(before.codes), ...Object.values(after.codes)]) {
    expect(`${ended.stdout}${ended.stderr}`).not.toContain(code);
  }
  expect(ended.stdout).toContain("(activation code)");
});

describe("a site that leaves the configuration while it is deployed", () => {
  /** The changes that were allowed; agents report all the time. */
  const done = (journal: readonly Entry[]) =>
    journal.filter(
      ({ name, status }) =>
        /^(POST|PUT|DELETE|Create|Update|Delete|Deregister)/.test(name) &&
        name !== "UpdateInstanceInformation" &&
        status !== 403,
    );

  test("makes every deploy fail with the two steps to take, and changes nothing", async () => {
    const before = await findSite(life.cloud, "shop-3", "leaving");
    expect(before.containerInstances).toHaveLength(1);
    const mark = await life.mark();
    project.configure(environment({ office: rack }));
    for (const stacks of [[], ["control-plane"]]) {
      const ended = await project.anywhere("deploy", ...stacks, "--auto-approve");
      expect(ended.exitCode).toBe(1);
      expect(ended.stderr).toMatch(
        /Site leaving is no longer in .*local\.json, but the stack compute-leaving is still deployed \(resources: \d+\)\. Put it back, run "npm run destroy -- compute-leaving", and only then remove it\./,
      );
    }
    expect(done(await life.since(mark))).toEqual([]);
    expect(await findSite(life.cloud, "shop-3", "leaving")).toEqual(before);
  });

  test("stays as it is when a destroy has a read-only token", async () => {
    project.configure(environment({ office: rack, leaving: dropletSite("web-1") }));
    const before = await findSite(life.cloud, "shop-3", "leaving");
    expect(before.containerInstances).toMatchObject([{ status: "ACTIVE" }]);
    await life.cloud.admin.digitalocean({ access: "read" });
    const mark = await life.mark();
    const ended = await project.anywhere("destroy", "--auto-approve");
    await life.cloud.admin.digitalocean({ access: "full" });
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain(
      "Nothing was started:\n- the DigitalOcean token lacks tag:delete, load_balancer:delete, firewall:delete, droplet:delete (",
    );
    expect(done(await life.since(mark))).toEqual([]);
    expect(await findSite(life.cloud, "shop-3", "leaving")).toEqual(before);
  });

  test("is removed in the two documented steps", async () => {
    project.configure(environment({ office: rack, leaving: dropletSite("web-1") }));
    await project.mustAnywhere("destroy", "compute-leaving", "--auto-approve");
    expect(await findSite(life.cloud, "shop-3", "leaving")).toMatchObject({
      containerInstances: [],
      droplets: [],
    });
    project.configure(environment({ office: rack }));
    await project.mustAnywhere("deploy", "control-plane", "activations", "compute-office", "--auto-approve");
    expect(await project.outputs("control-plane")).toMatchObject({ sites: ["office"] });
  });
});

// The last one: it ends the cloud, in which the neighbour's two nodes and a container still run.
test("a killed local cloud leaves no process, mount or listener behind", async () => {
  const { environment, process: root } = life.cloud;
  const { load_balancer_ips: ips } = await neighbour.site("ams3").outputs();
  const { web: ip } = ips as { web: string };
  const endpoints = ["AWS_ENDPOINT_URL", "DIGITALOCEAN_API_URL", "LOCAL_CLOUD_ADMIN"].map((name) => {
    const { hostname, port } = new URL(environment[name] ?? "");
    return { hostname, port: Number(port) };
  });
  const listeners = [...endpoints, { hostname: ip, port: 80 }];
  const tree = processTree(root.pid ?? 0);
  // The agents of two machines, the task's server, moto.
  expect(tree.length).toBeGreaterThan(6);
  // Beside those of its machines, as Linux shares the processor.
  expect(tree[0]?.session).toBe(root.pid);
  expect(await Promise.all(listeners.map(answers))).toEqual(listeners.map(() => true));

  holdToPolicies(await life.since(0), "neighbours");
  root.kill("SIGKILL");
  await eventually("every process of the local cloud has ended", () =>
    Promise.resolve(living(tree).length === 0 || undefined),
  );
  expect(await Promise.all(listeners.map(answers))).toEqual(listeners.map(() => false));
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  const directory = join(".local-cloud", "tests", "neighbours");
  expect(mounts).not.toContain(directory);
  // The next one removes the remains, before it makes its own.
  const left = readlinkSync(join(directory, "run"));
  const { remove } = await makeRunDirectory(directory);
  expect(existsSync(left)).toBe(false);
  await remove();
});
