import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { eventually } from "../support/jest/eventually";
import { registerRevision } from "../support/stages/ecs-stage";
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
  // The stage's time goes by faster than the script's.
  there = await scripts.createStage({ daemonDelay: 60 });
  there.stage.addNode(nodeOf("node-1"));
  there.stage.addNode(nodeOf("node-2"));
});

afterEach(() => there.close());
afterAll(() => scripts.close());

const run = (settings: Readonly<Record<string, string>> = {}) => there.run("await-rollout.sh", settings);
const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1} of app`);
const revision = (number: number) => `arn:aws:ecs:eu-west-1:123456789012:task-definition/app:${number}`;

/** Rolls the next revision out, which does this on every node. */
function update(report: { status: "RUNNING" | "STOPPED"; health: "HEALTHY" | "UNKNOWN"; exitCode?: number }) {
  registerRevision(there.stage.call);
  for (const node of there.stage.nodes) {
    node.run = (assignment) =>
      assignment.revision === 1 ? { status: "RUNNING", health: "HEALTHY" } : report;
  }
  there.stage.call("UpdateService", { cluster: "anywhere", service: "app--ams3", taskDefinition: "app:2" });
}

test("a new service is waited for from a desired count of 0 until every node runs it", async () => {
  there.createService();
  const { status, output } = await run();
  expect(output).toContain(
    "IN_PROGRESS: 0 of 0 task(s) run app:1 (0 pending, 0 failed), 0 of other revisions",
  );
  expect(output).toContain("2 of 2 task(s) run app:1, and no other revision");
  expect(status).toBe(0);
});

test("a service that already runs the revision isn't waited for", async () => {
  there.createService();
  there.stage.advance(70);
  expect(await run({ TIMEOUT_SECONDS: "0" })).toMatchObject({ status: 0 });
});

test("a change of the desired count is waited for, though ECS still answers with the numbers from before", async () => {
  there.createService({ schedulingStrategy: "REPLICA", desiredCount: 2 });
  there.stage.advance(70);
  there.stage.addNode(nodeOf("node-3"));
  const running = run({ TASKS: "3", LAG_SECONDS: "10" });
  await eventually("the script has asked", () =>
    Promise.resolve(there.stage.world.journal.some(({ name }) => name === "DescribeServices") || undefined),
  );
  there.stage.call("UpdateService", { cluster: "anywhere", service: "app--ams3", desiredCount: 3 });
  const { status, output } = await running;
  expect(output).toContain("3 of 3 task(s) run app:1, and no other revision");
  expect(status).toBe(0);
});

test("a node that is missing isn't waited for longer than ECS may answer with earlier numbers", async () => {
  there.createService();
  there.stage.advance(70);
  const { status, output } = await run({ TASKS: "3" });
  expect(output).toContain("2 of 3 task(s) run app:1, and no other revision");
  expect(status).toBe(0);
});

test("a first revision that fails ends the wait at once, with events, stopped tasks and the log group", async () => {
  there.createService();
  for (const node of there.stage.nodes) {
    node.run = () => ({ status: "STOPPED", health: "UNKNOWN", exitCode: 3 });
  }
  const { status, output, took } = await run();
  expect(status).toBe(1);
  expect(took).toBeLessThan(15_000);
  expect(output).toMatch(/event: \(service app--ams3\) .* deployment failed: tasks failed to start\./);
  expect(output).toMatch(/task \w{32} stopped: Essential container in task exited \(app exited with 3\)/);
  expect(output).toContain(
    "FAILED: ECS has given up on app:1, and there is no earlier revision to roll back to: ECS deployment circuit breaker: tasks failed to start. Read above, and in log group /ecs/shop,",
  );
});

test("a first revision that fails shows the last lines of its newest task", async () => {
  there.createService();
  const printed = new Map<string, Promise<void>>();
  for (const node of there.stage.nodes) {
    node.run = ({ taskArn }) => {
      const task = taskArn.split("/").at(-1) ?? "";
      printed.set(task, printed.get(task) ?? there.print(task, lines(12)));
      return { status: "STOPPED", health: "UNKNOWN", exitCode: 3 };
    };
  }
  const { output } = await run();
  await Promise.all(printed.values());
  const shown = output.split("\n").filter((line) => line.includes(": app: "));
  expect(shown.map((line) => line.replace(/^.*: app: /, ""))).toEqual(lines(12).slice(2));
});

test("a first revision that failed in an earlier run is started again", async () => {
  there.createService();
  for (const node of there.stage.nodes) {
    node.run = () => ({ status: "STOPPED", health: "UNKNOWN", exitCode: 3 });
  }
  expect(await run()).toMatchObject({ status: 1 });
  for (const node of there.stage.nodes) {
    node.run = () => ({ status: "RUNNING", health: "HEALTHY" });
  }
  const { status, output } = await run();
  expect(output).toContain("ECS had given up on app:1: starting it again");
  expect(status).toBe(0);
});

test("an update that succeeds is waited for until no task of another revision is left", async () => {
  there.createService();
  there.stage.advance(70);
  update({ status: "RUNNING", health: "HEALTHY" });
  const { status, output } = await run({ TASK_DEFINITION: revision(2) });
  expect(output).toMatch(/(IN_PROGRESS: \d of 2 task\(s\) run app:2, .* [12] of other revisions)|2 of 2/);
  expect(status).toBe(0);
  expect(there.stage.tasks().map(({ taskDefinitionArn }) => taskDefinitionArn)).toEqual([
    revision(2),
    revision(2),
  ]);
});

test("an update that ECS rolls back fails, and names both revisions", async () => {
  there.createService();
  there.stage.advance(70);
  update({ status: "STOPPED", health: "UNKNOWN", exitCode: 7 });
  const { status, output } = await run({ TASK_DEFINITION: revision(2) });
  expect(status).toBe(1);
  expect(output).toContain("(app exited with 7)");
  expect(output).toMatch(
    /FAILED: app--ams3 (was rolled back to app:1: |runs app:1, not app:2: it was rolled back)/,
  );
});

test("an update that was rolled back before the first look fails, once ECS's answers must be up to date", async () => {
  there.createService();
  there.stage.advance(70);
  update({ status: "STOPPED", health: "UNKNOWN", exitCode: 7 });
  there.stage.advance(60);
  const { status, output, took } = await run({ TASK_DEFINITION: revision(2), LAG_SECONDS: "2" });
  expect(status).toBe(1);
  expect(output).toContain(
    "FAILED: app--ams3 runs app:1, not app:2: it was rolled back, or another one was deployed",
  );
  expect(took).toBeGreaterThan(1000);
});

test("a service that still doesn't exist after a while is an error", async () => {
  const { status, output } = await run({ LAG_SECONDS: "1" });
  expect(status).toBe(1);
  expect(output).toContain(
    "FAILED: the service app--ams3 does not exist in the cluster anywhere. Deploy it again.",
  );
});

test("at the time-out, a lost agent is named with its remedy", async () => {
  there.createService();
  there.stage.advance(70);
  there.connect(1, false);
  update({ status: "RUNNING", health: "HEALTHY" });
  const { status, output } = await run({ TASK_DEFINITION: revision(2), TIMEOUT_SECONDS: "3" });
  expect(status).toBe(1);
  expect(output).toMatch(
    /FAILED: after 3 s, \d of 2 task\(s\) run app:2 \(\d pending, 0 failed, \d of other revisions\); its deployment is IN_PROGRESS\. A disconnected agent holds it up: node-2\..*`npm run deploy -- --replace ams3\/node-2`/,
  );
});

test("at the time-out, missing nodes are counted", async () => {
  there.createService({
    placementConstraints: [{ type: "memberOf", expression: "attribute:anywhere.node == node-1" }],
  });
  there.stage.nodes.forEach((node) => (node.run = () => ({ status: "RUNNING", health: "UNKNOWN" })));
  there.stage.advance(70);
  const { status, output } = await run({ TIMEOUT_SECONDS: "2" });
  expect(status).toBe(1);
  expect(output).toContain("ECS wants only 1 of 2 task(s)");
});

test("a missing setting, another account and a denied call fail and say why", async () => {
  expect((await run({ SERVICE: "" })).output).toContain("SERVICE is not set");
  expect((await run({ ACCOUNT: "999999999999" })).output).toContain("wrong account");
  there.stage.world.faults.push({
    match: { service: "ecs", operation: "DescribeServices" },
    times: 1,
    effect: { kind: "error", status: 400, code: "AccessDeniedException", message: "no" },
  });
  const { status, output } = await run();
  expect(status).toBe(1);
  expect(output).toContain(
    "FAILED: ecs describe-services: access denied. Allow the caller this action and run again.",
  );
});
