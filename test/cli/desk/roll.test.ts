import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rollReport } from "../../../cli/report/schemas/roll-report";
import type { Environment } from "../../../config/schema";
import type { LoopbackServer } from "../../../local-cloud/http-server";
import type { Ended } from "../project";
import { startDeskProject, type DeskProject } from "./desk-project";
import { serveSystemsManager } from "./systems-manager";

// With the Terraform of the machine, four times for each node.
jest.setTimeout(600_000);

const image = "registry.example/shop/app:v7";
const services = { web: { image }, worker: { image, placement: { ams3: 1 } } };
type Replacements = Readonly<Record<string, number>>;
const nodesWith = (replacements: Replacements) =>
  Object.fromEntries(Object.entries(replacements).map(([node, replacement]) => [node, { replacement }]));
const sitesWith = (ams3: Replacements, berlin: Replacements): Environment["sites"] => ({
  ams3: { kind: "digitalocean", region: "ams3", nodes: nodesWith(ams3) },
  berlin: { kind: "on-premises", nodes: nodesWith(berlin) },
});
const first = sitesWith({ a: 0, b: 0, c: 0 }, { x: 0, y: 0 });
const raised = sitesWith({ a: 1, b: 1, c: 1 }, { x: 1, y: 1 });

let desk: DeskProject;
let systemsManager: LoopbackServer;
let sites = first;
const at = (path: string) => join(desk.project.folder, path);

beforeAll(async () => {
  desk = await startDeskProject({ sites: first, services });
  systemsManager = await serveSystemsManager(desk);
  const stacks = ["control-plane", "activations", "compute-ams3", "compute-berlin"];
  expect(await anywhere("deploy", ...stacks, "--auto-approve")).toSucceed();
}, 600_000);

afterAll(async () => {
  await systemsManager.close();
  await desk.close();
});

beforeEach(() => {
  writeFileSync(at("record"), "");
});

function anywhere(...args: readonly string[]): Promise<Ended> {
  return desk.anywhere(args, { AWS_ENDPOINT_URL_SSM: systemsManager.url });
}

function deregister(key: string): void {
  if (desk.stage.world.aws.managedInstances.has(desk.stage.node(key).managedInstanceId)) {
    desk.stage.deregister(key);
  }
}

function configure(changed: Environment["sites"]): void {
  sites = changed;
  desk.project.configure({ name: "anywhere", services, sites });
}

/** Terraform's changes to nodes. */
const record = () => desk.project.lines("record").filter((line) => line.includes("compute-"));

/** Runs a command while time goes by: a node that Terraform removes or makes is gone from the clouds, or comes. */
async function rolling(...args: readonly string[]): Promise<Ended> {
  let seen = record().length;
  const catchUp = (): void => {
    const all = record();
    for (const line of all.slice(seen)) {
      const [sign, stack = "", node = ""] = line.split(" ");
      const key = `${stack.replace("compute-", "")}/${node}`;
      if (sign === "-") {
        deregister(key);
      } else if (key.startsWith("ams3/")) {
        desk.stage.register(key, { sites });
      }
    }
    seen = all.length;
    desk.stage.ecs.advance(5);
  };
  const timer = setInterval(catchUp, 300);
  try {
    return await anywhere("roll", "--auto-approve", ...args);
  } finally {
    clearInterval(timer);
    catchUp();
  }
}

const replaced = (...keys: readonly string[]) =>
  keys.flatMap((key) => {
    const [site = "", node = ""] = key.split("/");
    return [`- compute-${site} ${node}`, `+ compute-${site} ${node}`];
  });
const instance = (key: string) =>
  desk.stage.world.aws.containerInstances.get(desk.stage.node(key).containerInstanceArn);

test("roll does nothing without a pending replacement", async () => {
  expect(await rolling()).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("No replacement is pending."),
  });
  expect(record()).toEqual([]);
});

test("pending replacements of a site are rolled one at a time, each drained before and steady afterwards", async () => {
  configure(raised);
  const { exitCode, stderr, stdout } = await rolling("ams3", "--json");
  const all = ["ams3/a", "ams3/b", "ams3/c"];
  const report = { deployment: "anywhere", replaced: all, left: [], toJoin: null, problem: null };
  expect(rollReport.parse(JSON.parse(stdout))).toEqual(report);
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("To be replaced, one at a time: ams3/a, ams3/b, ams3/c"),
  });
  expect(record()).toEqual(replaced("ams3/a", "ams3/b", "ams3/c"));
  const said = ["a", "b", "c"].flatMap((node) => [
    stderr.indexOf(`ams3/${node} is draining, 0 tasks left`),
    stderr.indexOf(`ams3/${node} serves, and ams3 is steady.`),
  ]);
  expect(said).toEqual([...said].sort((one, other) => one - other));
  expect(said).not.toContain(-1);
  expect(await rolling("ams3")).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("No replacement"),
  });
});

test("a server on premises must join before the next one is replaced", async () => {
  const one = await rolling("berlin");
  expect({ ...one }).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('"npx anywhere join berlin x"'),
  });
  expect(record()).toEqual(replaced("berlin/x"));
  const early = await rolling("berlin");
  expect(early).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("berlin isn't steady:\n- berlin/x: "),
  });
  expect(record()).toEqual(replaced("berlin/x"));
  desk.stage.register("berlin/x", { sites });
  expect(await rolling("berlin")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('"npx anywhere join berlin y"'),
  });
  expect(record()).toEqual(replaced("berlin/x", "berlin/y"));
  desk.stage.register("berlin/y", { sites });
});

test("a failed roll of all nodes for their agents continues with those that it hasn't replaced", async () => {
  writeFileSync(at("fail-compute-ams3"), "");
  const failed = await rolling("ams3", "--agents", "--json");
  rmSync(at("fail-compute-ams3"));
  expect(failed).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(
      /\nams3\/a: activations: done\.\ncompute-ams3: Terraform ended with exit code 1;[^\n]*\nReplaced: none\. Not started: ams3\/b, ams3\/c\.\nFix the cause and run [^\n]*\n$/,
    ),
  });
  expect(rollReport.parse(JSON.parse(failed.stdout))).toMatchObject({
    replaced: [],
    left: ["ams3/a", "ams3/b", "ams3/c"],
    problem: expect.stringContaining("compute-ams3: Terraform ended with exit code 1"),
  });
  expect(instance("ams3/b")?.tags.map(({ key }) => key)).toEqual(["anywhere.replace-since"]);
  writeFileSync(at("record"), "");
  // The machine that failed has not registered.
  deregister("ams3/a");
  const { exitCode, stderr } = await rolling("ams3", "--agents");
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("To be replaced, one at a time: ams3/a, ams3/b, ams3/c"),
  });
  expect(record().slice(-4)).toEqual(replaced("ams3/b", "ams3/c"));
  expect(["a", "b", "c"].map((node) => instance(`ams3/${node}`)?.tags)).toEqual([[], [], []]);
});

test("a node whose tasks can't run elsewhere isn't replaced, and returns to service", async () => {
  configure(sitesWith({ a: 2, b: 1, c: 1 }, { x: 1, y: 1 }));
  // The worker runs on one of the others, and may not come to the third.
  for (const node of ["b", "c"]) {
    desk.stage.ecs.call("UpdateContainerInstancesState", {
      cluster: "anywhere",
      containerInstances: [desk.stage.node(`ams3/${node}`).containerInstanceArn],
      status: "DRAINING",
    });
  }
  desk.stage.ecs.advance(60);
  const { exitCode, stderr } = await rolling("ams3", "--node", "a");
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("ams3/a: it still runs 1 task, which would be stopped"),
  });
  expect(record()).toEqual([]);
  expect(instance("ams3/a")?.status).toBe("ACTIVE");
});

test("a site that isn't steady is left as it is", async () => {
  desk.stage.lose("ams3/b", { ecs: true, ssm: true });
  const { exitCode, stderr } = await rolling("ams3");
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("ams3 isn't steady:\n- ams3/b: neither agent responds"),
  });
  expect(record()).toEqual([]);
});
