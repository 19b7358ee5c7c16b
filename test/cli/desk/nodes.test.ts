import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020";
import type { FleetEvent } from "../../../cli/fleet/events";
import { reportSchemas } from "../../../cli/report/schemas";
import { eventually } from "../../support/jest/eventually";
import { startCommand } from "../../support/programs/running-command";
import { startDeskStage, type DeskStage } from "../../support/stages/desk-stage";

// Each command takes a second or two, and several where others are at work on the computer.
jest.setTimeout(120_000);

const image = "registry.example/shop/app:v7";
let stage: DeskStage;

beforeAll(async () => {
  stage = await startDeskStage({
    sites: {
      ams3: { kind: "digitalocean", region: "ams3", nodes: 3 },
      berlin: { kind: "on-premises", nodes: { "rack-1": {} } },
    },
    services: { web: { image }, worker: { image, placement: { ams3: 1 } } },
    jobs: { report: { image, schedule: "cron(30 4 * * ? *)", site: "ams3" } },
  });
}, 600_000);

afterAll(() => stage.close());

/** Runs a command with --json, time going by, and returns what it prints, which its schema describes. */
async function json(command: string, ...args: readonly string[]) {
  const timer = setInterval(() => {
    stage.ecs.advance(5);
  }, 500);
  const { exitCode, stdout, stderr } = await stage.anywhere([command, "--json", ...args]);
  clearInterval(timer);
  const report: unknown = JSON.parse(stdout);
  const schema = reportSchemas().get(command === "undrain" ? "drain" : command) ?? {};
  const validate = new Ajv2020({ formats: { "date-time": true } }).compile(schema);
  validate(report);
  expect(validate.errors).toBeNull();
  return { exitCode, report, stderr };
}

const instance = (key: string) =>
  stage.world.aws.containerInstances.get(stage.node(key).containerInstanceArn);
const tasksOn = (key: string) =>
  stage.ecs
    .tasks()
    .filter(({ containerInstanceArn }) => containerInstanceArn === instance(key)?.arn)
    .map(({ group }) => group)
    .sort();
const placeOfWorker = () =>
  stage.ecs.tasks().find(({ group }) => group === "service:worker--ams3")?.containerInstanceArn;
const nodes = ["ams3/node-1", "ams3/node-2", "ams3/node-3"];
const workersNode = () => nodes.find((key) => instance(key)?.arn === placeOfWorker()) ?? "";

test("drain takes a node out of service and waits until its tasks run elsewhere; undrain returns it", async () => {
  const node = workersNode();
  expect(tasksOn(node)).toEqual(["service:web--ams3", "service:worker--ams3"]);
  const { exitCode, report, stderr } = await json("drain", node);
  expect({ exitCode, report }).toEqual({
    exitCode: 0,
    report: { node, containerInstance: instance(node)?.arn.split("/").at(-1), status: "DRAINING", tasks: 0 },
  });
  expect(stderr).toContain(`${node} runs no more tasks.`);
  expect(instance(node)?.status).toBe("DRAINING");
  expect(tasksOn(node)).toEqual([]);
  expect(workersNode()).not.toBe("");
  expect((await json("undrain", node)).report).toMatchObject({ node, status: "ACTIVE" });
  expect(instance(node)?.status).toBe("ACTIVE");
  stage.ecs.advance(10);
  expect(tasksOn(node)).toEqual(["service:web--ams3"]);
});

test("drain refuses an unknown node, with a suggestion, and one that isn't registered", async () => {
  expect(await stage.anywhere(["drain", "ams3/nod-1"])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("Did you mean ams3/node-1?"),
  });
  stage.configure({ sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 4 } } });
  expect(await stage.anywhere(["drain", "ams3/node-4"])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("ams3/node-4 has no container instance in anywhere"),
  });
  stage.configure({});
});

test("events shows a service's ECS events, and why and where its tasks stopped, the newest last", async () => {
  const { exitCode, report } = await json("events", "worker");
  expect(exitCode).toBe(0);
  const { events } = report as { readonly events: readonly FleetEvent[] };
  expect(new Set(events.map(({ of }) => of))).toEqual(new Set(["worker--ams3", "worker"]));
  expect(events.map(({ at }) => at)).toEqual([...events.map(({ at }) => at)].sort());
  expect(events.map(({ message }) => message)).toContain("has reached a steady state.");
  const [stopped] = events.filter(({ exitCode: code }) => code !== null);
  expect(nodes).toContain(stopped?.node);
  expect(stopped).toMatchObject({
    of: "worker",
    exitCode: 0,
    message: expect.stringMatching(/^\(task \w{32}\) of anywhere--worker--ams3:1 stopped with code 0: /),
  });
  const { stdout } = await stage.anywhere(["events"]);
  expect(stdout).toContain("web--berlin");
  expect(Math.max(...stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(await stage.anywhere(["events", "report"])).toMatchObject({
    exitCode: 0,
    stdout: "There are no events in anywhere.\n",
  });
  expect((await stage.anywhere(["events", "wroker"])).stderr).toContain("Did you mean worker?");
});

test.each([["events"], ["drain", "ams3/node-1"]])(
  "%s reports in one line what AWS refuses",
  async (...args) => {
    stage.world.faults.push({
      match: { service: "ecs" },
      times: 9,
      effect: { kind: "error", status: 400, code: "AccessDeniedException", message: "no" },
    });
    const { exitCode, stdout, stderr } = await stage.anywhere(args);
    stage.world.faults.splice(0);
    expect({ exitCode, stdout, told: stderr.replace(/^environment: .*\n/, "") }).toEqual({
      exitCode: 1,
      stdout: "",
      told: `AWS can't be reached, or denies the request: AccessDeniedException: no. "npx anywhere doctor" shows the cause.\n`,
    });
  },
);

test("heal keeps a node whose ECS agent is just reconnecting, even if Systems Manager has lost it", async () => {
  const [key = ""] = nodes;
  stage.lose(key, { ecs: true, ssm: true });
  const healing = startCommand(stage.command(["heal"]));
  await eventually("it looks again", () =>
    Promise.resolve(healing.printed().includes(`${key}: checking again`) || undefined),
  );
  stage.node(key).alive = true;
  stage.ecs.advance(5);
  await healing.ended;
  expect(healing.printed()).not.toContain("was deregistered");
  expect(instance(key)?.status).toBe("ACTIVE");
  const { managedInstances } = stage.world.aws;
  Object.assign(managedInstances.get(stage.node(key).managedInstanceId) ?? {}, { lastPingAt: Date.now() });
});

test("heal deregisters a node that has been lost for long, so that its task runs elsewhere, and keeps all others", async () => {
  expect(await stage.anywhere(["heal"])).toMatchObject({ exitCode: 0, stdout: "No agent is lost.\n" });
  const node = workersNode();
  const [silent = ""] = nodes.filter((key) => key !== node);
  stage.lose(node, { ecs: true, ssm: true });
  stage.lose(silent, { ecs: true, ssm: false });
  stage.lose("berlin/rack-1", { ecs: true, ssm: true });

  const { stdout } = await stage.anywhere(["heal", "--dry-run"]);
  expect(stdout).toContain(`${node}: its agent has been lost since `);
  expect(stdout).toContain("It would be deregistered from ECS.");
  expect(instance(node)).toMatchObject({ status: "ACTIVE", tags: [] });

  const first = await json("heal");
  expect(first).toMatchObject({
    exitCode: 2,
    report: {
      nodes: expect.arrayContaining([
        expect.objectContaining({ node, due: true, deregistered: true }),
        // Nobody has noticed before that only ECS has lost it.
        expect.objectContaining({ node: silent, due: false, deregistered: false }),
        expect.objectContaining({ node: "berlin/rack-1", due: false, lastOfSite: true }),
      ]),
    },
  });
  expect(["INACTIVE", "ACTIVE", "ACTIVE"]).toEqual(
    [node, silent, "berlin/rack-1"].map((key) => instance(key)?.status),
  );
  await eventually("the worker runs elsewhere", () => {
    stage.ecs.advance(5);
    const place = workersNode();
    return Promise.resolve(place !== "" && place !== node ? place : undefined);
  });

  const since = (minutes: number) => [
    { key: "anywhere.lost-since", value: new Date(Date.now() - minutes * 60_000).toISOString() },
  ];
  expect(instance(silent)?.tags.map(({ key }) => key)).toEqual(["anywhere.lost-since"]);
  Object.assign(instance(silent) ?? {}, { tags: since(14) });
  expect((await json("heal", "--after", "15m")).report).toMatchObject({
    nodes: expect.not.arrayContaining([expect.objectContaining({ due: true })]),
  });
  Object.assign(instance(silent) ?? {}, { tags: since(16) });
  await json("heal", "--after", "15m");
  expect(instance(silent)?.status).toBe("INACTIVE");
});

test("a node that is back is no longer marked as lost", async () => {
  const key = nodes.find((one) => instance(one)?.status === "ACTIVE") ?? "";
  Object.assign(instance(key) ?? {}, {
    tags: [{ key: "anywhere.lost-since", value: new Date(0).toISOString() }],
  });
  await stage.anywhere(["heal"]);
  expect(instance(key)).toMatchObject({ status: "ACTIVE", tags: [] });
});

test("heal changes nothing when Systems Manager can't be queried, or when --after is too short", async () => {
  stage.world.faults.push({
    match: { service: "ssm" },
    times: 9,
    effect: { kind: "error", status: 400, code: "AccessDeniedException", message: "no" },
  });
  const { exitCode, stderr } = await stage.anywhere(["heal"]);
  stage.world.faults.splice(0);
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(
      "Systems Manager can't be queried (AccessDeniedException: no): nothing was changed.",
    ),
  });
  expect((await stage.anywhere(["heal", "--after", "1m"])).exitCode).toBe(1);
});
