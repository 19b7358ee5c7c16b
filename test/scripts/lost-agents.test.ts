import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import {
  nodeOf,
  startServiceScripts,
  type ServiceScripts,
  type ServiceStage,
} from "../support/scripts/service";

let scripts: ServiceScripts;
let there: ServiceStage;

beforeAll(async () => {
  scripts = await startServiceScripts();
}, 600_000);

beforeEach(async () => {
  there = await scripts.createStage();
  there.stage.addNode(nodeOf("node-1"));
  there.stage.addNode(nodeOf("node-2"));
  there.createService();
  there.stage.advance(10);
});

afterEach(() => there.close());
afterAll(() => scripts.close());

const run = (settings: Readonly<Record<string, string>> = {}) => there.run("lost-agents.sh", settings);
const statuses = () => [...there.stage.world.aws.containerInstances.values()].map(({ status }) => status);

test("nodes that are connected stay", async () => {
  const { status, output } = await run();
  expect(status).toBe(0);
  expect(output).toBe("anywhere: lost agents of ams3: none: no task is held up by a lost agent\n");
  expect(statuses()).toEqual(["ACTIVE", "ACTIVE"]);
});

test("a lost node with tasks is deregistered by force, with the remedy, and its service can be deleted", async () => {
  there.connect(0, false);
  const { status, output } = await run();
  expect(status).toBe(0);
  expect(output).toContain("no connection to node-1");
  expect(output).toMatch(
    /deregistered ams3\/node-1 \(\w{32}\) from ECS by force: .* its 1 task\(s\)\. .*`npm run deploy -- --replace ams3\/node-1` replaces it/,
  );
  expect(statuses()).toEqual(["INACTIVE", "ACTIVE"]);
  there.stage.call("DeleteService", { cluster: "anywhere", service: "app--ams3", force: true });
  there.stage.advance(5);
  expect(there.stage.service("app--ams3").status).toBe("INACTIVE");
});

test("an agent that comes back in time keeps its node", async () => {
  there.connect(0, false);
  const back = setTimeout(() => {
    there.connect(0, true);
  }, 1500);
  const { status, output } = await run({ RECONNECT_SECONDS: "20" });
  clearTimeout(back);
  expect(status).toBe(0);
  expect(output).toContain("none: no task is held up by a lost agent");
  expect(statuses()).toEqual(["ACTIVE", "ACTIVE"]);
});

test("lost nodes of another site or deployment, and those without tasks, stay", async () => {
  const task = { cluster: "anywhere", taskDefinition: "app", launchType: "EXTERNAL" };
  for (const [index, attributes] of [nodeOf("node-1", "fra1"), nodeOf("node-1", "ams3", "store")].entries()) {
    there.stage.addNode(attributes);
    const expression = `attribute:anywhere.${index === 0 ? "site == fra1" : "deployment == store"}`;
    there.stage.call("RunTask", { ...task, placementConstraints: [{ type: "memberOf", expression }] });
  }
  there.stage.advance(2);
  there.stage.addNode(nodeOf("node-3", "ber1"));
  [2, 3, 4].forEach((node) => {
    there.connect(node, false);
  });
  expect(await run({ SITE: "ams3" })).toMatchObject({ status: 0 });
  expect(await run({ SITE: "ber1" })).toMatchObject({ status: 0 });
  expect(statuses()).toEqual(Array(5).fill("ACTIVE"));
});

test("a lost node is found among more nodes than ECS describes at once", async () => {
  const { containerInstances, tasks } = there.stage.world.aws;
  const [first] = containerInstances.values();
  const [task] = tasks.values();
  for (let copy = 0; first !== undefined && task !== undefined && copy < 110; copy += 1) {
    const arn = `${first.arn.slice(0, -3)}${String(copy).padStart(3, "0")}`;
    containerInstances.set(arn, { ...first, arn });
    tasks.set(`${task.arn}${copy}`, { ...task, arn: `${task.arn}${copy}`, containerInstanceArn: arn });
  }
  const last = [...containerInstances.values()].at(-1);
  if (last !== undefined) {
    last.lastPollAt = 0;
  }
  const { status, output } = await run();
  expect(status).toBe(0);
  expect(output.match(/by force/g)).toHaveLength(1);
  expect(last?.status).toBe("INACTIVE");
});

test("a cluster that is gone has no lost agents", async () => {
  const { status, output } = await run({ CLUSTER: "gone" });
  expect(status).toBe(0);
  expect(output).toContain("the cluster gone no longer exists");
});

test("a denied deregistration and another account stop the destroy, and say why", async () => {
  there.connect(0, false);
  there.stage.world.faults.push({
    match: { service: "ecs", operation: "DeregisterContainerInstance" },
    times: 1,
    effect: { kind: "error", status: 400, code: "AccessDeniedException", message: "no" },
  });
  const denied = await run();
  expect(denied.status).toBe(1);
  expect(denied.output).toContain("FAILED: ecs deregister-container-instance: access denied.");
  const other = await run({ ACCOUNT: "999999999999" });
  expect(other.status).toBe(1);
  expect(other.output).toContain("wrong account");
  expect(statuses()).toEqual(["ACTIVE", "ACTIVE"]);
});
