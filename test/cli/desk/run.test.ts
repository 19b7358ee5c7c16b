import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020";
import { reportSchemas } from "../../../cli/report/schemas";
import type { RunReport } from "../../../cli/report/schemas/run-report";
import type { StatusReport } from "../../../cli/report/schemas/status-report";
import { readBody, serveOnLoopback, type LoopbackServer } from "../../../local-cloud/http-server";
import type { Assignment } from "../../../local-cloud/machines";
import { eventually } from "../../support/jest/eventually";
import { startCommand } from "../../support/programs/running-command";
import { startDeskStage, type DeskStage } from "../../support/stages/desk-stage";

// Each command takes a second or two, and several where others are at work on the computer.
jest.setTimeout(120_000);

const image = "registry.example/shop/app:v7";
const big = { attributes: { disk: "big" } };
const sites = {
  ams3: { kind: "digitalocean", region: "ams3", nodes: { "node-1": big, "node-2": big } },
  berlin: { kind: "on-premises", nodes: { "rack-1": big } },
} as const;
const services = {
  web: { image, http: { port: 8080 }, on: { disk: "big" } },
  worker: { image, placement: { ams3: 1 }, exec: true },
};
const jobs = { report: { image, schedule: "cron(30 4 * * ? *)", site: "ams3" } };
let stage: DeskStage;
let logs: LoopbackServer;
/** The behaviour of a task that is run by hand. */
let ends: "never" | number;

beforeAll(async () => {
  stage = await startDeskStage({ sites, services, jobs });
  logs = await serveOnLoopback((request, response) => {
    void readBody(request, () => new Error("too large")).then((body) => {
      const { logGroupName } = JSON.parse(body) as { logGroupName: string };
      response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify({ events: printed(logGroupName) }));
    });
  });
}, 600_000);

afterAll(async () => {
  await logs.close();
  await stage.close();
});

const byHand = () =>
  [...stage.world.aws.tasks.values()].filter(({ startedBy }) => startedBy === "anywhere-run");
const idOf = (arn = "") => arn.split("/").at(-1) ?? "";

/** When each task has printed its line. */
const times = new Map<string, number>();

/** A group's lines in CloudWatch Logs: one of each task that was run by hand, and one of a service's. */
function printed(group: string): object[] {
  const tasks = [...byHand().map(({ arn }) => idOf(arn)), "another"];
  return tasks.map((id) => {
    const timestamp = times.get(id) ?? Date.now();
    times.set(id, timestamp);
    const message = id === "another" ? "of the service" : `${group} says hello\n`;
    return { eventId: id, timestamp, logStreamName: `app/app/${id}`, message };
  });
}

beforeEach(() => {
  ends = "never";
  for (const { arn } of byHand()) {
    stage.world.aws.tasks.delete(arn);
  }
  const run = ({ family }: Assignment) =>
    typeof ends === "number" && (family.endsWith("--one-off") || family === "anywhere--report")
      ? ({ status: "STOPPED", health: "UNKNOWN", exitCode: ends } as const)
      : ({ status: "RUNNING", health: "HEALTHY" } as const);
  stage.ecs.nodes.forEach((node) => {
    node.run = run;
  });
});

/** Runs a command while time goes by. */
async function run(...args: readonly string[]) {
  const timer = setInterval(() => {
    stage.ecs.advance(1);
  }, 500);
  const ended = await stage.anywhere(["run", ...args], { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logs.url });
  clearInterval(timer);
  return ended;
}

test("run starts a task beside a service's own, without its port, on nodes that the service may use", async () => {
  const { exitCode, stdout, stderr, calls } = await run(
    "web",
    "--site",
    "berlin",
    "--",
    "node",
    "migrate.js",
    "--all",
  );
  const [task] = byHand();
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${idOf(task?.arn)}\n` });
  expect(stderr).toContain(`task ${idOf(task?.arn)} of web starts on berlin/rack-1\n`);
  expect(stderr).toContain('"npx anywhere logs web --follow" shows its output');
  expect(calls.find(({ name }) => name === "RunTask")?.detail).toMatchObject({
    launchType: "EXTERNAL",
    taskDefinition: expect.stringMatching(/task-definition\/anywhere--web--berlin--one-off:1$/),
    count: 1,
    placementConstraints: [
      {
        type: "memberOf",
        expression:
          "attribute:anywhere.deployment == anywhere and attribute:anywhere.site == berlin and attribute:disk == big",
      },
    ],
    overrides: { containerOverrides: [{ name: "app", command: ["node", "migrate.js", "--all"] }] },
  });
  const { stdout: text } = await stage.anywhere(["status", "--json"]);
  const { sites: told } = JSON.parse(text) as StatusReport;
  expect(told[1]?.nodes[0]?.tasks.map(({ of, byHand: own }) => [of, own])).toEqual(
    expect.arrayContaining([
      ["web", false],
      ["web", true],
    ]),
  );
  expect((await stage.anywhere(["status", "berlin"])).stdout).toContain("web by hand");
});

test("run --wait passes on the task's output, and ends with its exit code", async () => {
  ends = 3;
  const { exitCode, stdout, stderr } = await run("report", "--wait");
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "/ecs/anywhere/report says hello\n" });
  expect(stderr).toContain("Ctrl-C leaves it running.");
  expect(stderr).toMatch(/task \w{32} ended with code 3: Essential container in task exited\n$/);
});

test("run --wait continues when ECS fails for some seconds", async () => {
  ends = 0;
  const effect = { kind: "error", status: 503, code: "ServerException", message: "try again" } as const;
  stage.world.faults.push({ match: { service: "ecs", operation: "DescribeTasks" }, times: 4, effect });
  const { exitCode, stderr } = await run("report", "--wait");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining("ended with code 0") });
  expect(stage.world.faults.splice(0)).toEqual([expect.objectContaining({ times: 0 })]);
});

test("run names its task even if ECS doesn't say on which node it runs", async () => {
  const effect = { kind: "error", status: 400, code: "AccessDeniedException", message: "no" } as const;
  stage.world.faults.push({
    match: { service: "ecs", operation: "ListContainerInstances" },
    times: 1,
    effect,
  });
  const { exitCode, stdout, stderr } = await run("worker", "--", "true");
  stage.world.faults.splice(0);
  const id = idOf(byHand()[0]?.arn);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${id}\n` });
  expect(stderr).toContain(`task ${id} of worker starts on ams3\n`);
});

test("run --wait says that tasks continue when it can no longer follow them", async () => {
  const effect = { kind: "error", status: 400, code: "AccessDeniedException", message: "no" } as const;
  stage.world.faults.push({ match: { service: "ecs", operation: "DescribeTasks" }, times: 9, effect });
  const { exitCode, stderr } = await run("report", "--wait");
  stage.world.faults.splice(0);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining(
      "The tasks can no longer be followed (AccessDeniedException: no), but they continue.",
    ),
  });
  expect(byHand()).toHaveLength(1);
});

test("run --json reports several tasks as its schema describes", async () => {
  ends = 0;
  const { exitCode, stdout } = await run(
    ...["web", "--site", "berlin", "--count", "2", "--memory", "100", "--wait", "--json", "--", "true"],
  );
  const report = JSON.parse(stdout) as RunReport;
  const validate = new Ajv2020({ formats: { "date-time": true } }).compile(reportSchemas().get("run") ?? {});
  validate(report);
  expect(validate.errors).toBeNull();
  expect({ exitCode, report }).toEqual({
    exitCode: 0,
    report: {
      deployment: "anywhere",
      of: "web",
      tasks: byHand().map(({ arn }) => ({
        id: idOf(arn),
        node: "berlin/rack-1",
        status: "STOPPED",
        exitCode: 0,
        reason: "Essential container in task exited",
      })),
    },
  });
  expect(report.tasks).toHaveLength(2);
  expect(byHand().map(({ overrides }) => overrides)).toEqual([
    [{ name: "app", command: ["true"], memory: 100 }],
    [{ name: "app", command: ["true"], memory: 100 }],
  ]);
});

test("run says why no node takes a task, and what to do", async () => {
  const { exitCode, stderr } = await run("web", "--site", "berlin", "--memory", "2000", "--", "true");
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringContaining(
      "No task was started: no node of berlin has room for it (RESOURCE:MEMORY). Request less with --memory, or add a node.\n",
    ),
  });
  const some = await run("web", "--site", "berlin", "--count", "2", "--memory", "600", "--", "true");
  expect(some).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(
      `1 of 2 tasks were started, and continue (${idOf(byHand()[0]?.arn)}): no node of berlin has room for more (RESOURCE:MEMORY).`,
    ),
  });
});

test("run waits for an agent that is briefly disconnected", async () => {
  const node = stage.node("berlin/rack-1");
  stage.lose("berlin/rack-1", { ecs: true, ssm: false });
  const running = startCommand(stage.command(["run", "web", "--site", "berlin", "--", "true"]));
  await eventually("it waits", () =>
    Promise.resolve(
      running.printed().includes("Waiting for nodes whose agents aren't connected") || undefined,
    ),
  );
  node.alive = true;
  stage.ecs.advance(5);
  expect(await running.ended).toSucceed();
  expect(byHand()).toHaveLength(1);
});

test("run refuses what is unknown, ambiguous or not deployed", async () => {
  const refusal = async (...args: readonly string[]) => {
    const { exitCode, stderr } = await run(...args);
    expect(exitCode).toBe(1);
    return stderr.replace(/^environment: .*\n/, "");
  };
  expect(await refusal("wrker", "--", "true")).toContain("Did you mean worker?");
  expect(await refusal("web", "--", "true")).toBe("web is at ams3, berlin: choose one with --site.\n");
  expect(await refusal("worker", "--site", "berlin", "--", "true")).toBe(
    "worker is not at berlin: choose ams3.\n",
  );
  expect(await refusal("constructor", "--", "true")).toContain("No service or job is called constructor");
  expect(await refusal("worker", "--site", "amst", "--", "true")).toContain("No site is called amst");
  expect(await refusal("worker")).toBe(
    "Say what to run in worker: npx anywhere run worker -- node migrate.js\n",
  );
  expect(await refusal("web", "--count", "11", "--", "true")).toContain("a whole number from 1 to 10");
  stage.configure({ services: { ...services, late: { image, placement: { ams3: 1 } } } });
  expect(await refusal("late", "--", "true")).toBe(
    'There is no task definition anywhere--late--ams3: "npm run deploy -- service-late" creates it.\n',
  );
  stage.configure({});
  expect(byHand()).toEqual([]);
});
