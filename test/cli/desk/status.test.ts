import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020";
import type { Problem } from "../../../cli/fleet/problem";
import { reportSchemas } from "../../../cli/report/schemas";
import type { StatusReport } from "../../../cli/report/schemas/status-report";
import type { Environment } from "../../../config/schema";
import { startDeskStage, type DeskStage } from "../../support/stages/desk-stage";

// Each command takes a second or two, and several where others are at work on the computer.
jest.setTimeout(120_000);

const image = "registry.example/shop/app:v7";
const berlin = { kind: "on-premises", nodes: { "rack-1": {} } } as const;
const environment = {
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 3 }, berlin },
  services: {
    web: { image, http: { port: 8080 } },
    worker: { image, placement: { ams3: 1 } },
  },
  jobs: { report: { image, schedule: "cron(30 4 * * ? *)", site: "ams3" } },
} satisfies Partial<Environment>;
const schema = new Ajv2020({ formats: { "date-time": true } }).compile(reportSchemas().get("status") ?? {});
let stage: DeskStage;

beforeAll(async () => {
  stage = await startDeskStage(environment);
  await stage.measured(3);
}, 600_000);

afterAll(() => stage.close());

/** The report of `status --json`, which its schema describes. */
async function report(...args: readonly string[]): Promise<StatusReport & { readonly exitCode: number }> {
  const { exitCode, stdout } = await stage.anywhere(["status", "--json", ...args]);
  const told = JSON.parse(stdout) as StatusReport;
  schema(told);
  expect(schema.errors).toBeNull();
  return { ...told, exitCode };
}

const inShort = (problems: readonly Problem[]) => problems.map(({ kind, subject }) => `${kind} ${subject}`);

test("a healthy fleet is shown in 80 columns without colours, with a table for each site, for services and for jobs", async () => {
  const { exitCode, stdout, stderr } = await stage.anywhere(["status"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining("environment: ") });
  // Values whose length differs from run to run are left.
  const shown = stdout
    .replace(/mi-\w{17}/g, "mi-*")
    .replace(/\b[0-9a-f]{8}\b/g, "********")
    .replace(/ {2,}/g, "  ")
    .split("\n");
  expect(shown.slice(1, -1)).toEqual([
    "",
    "No problems.",
    "",
    "ams3 (digitalocean)",
    "NODE  MACHINE  MANAGED  CONTAINER  TASKS  BALANCED",
    "  INSTANCE  INSTANCE",
    "node-1  500000001  mi-*  ********  worker:1  web healthy",
    "  active  Online  ACTIVE  healthy",
    "  web:1 healthy",
    "node-2  500000003  mi-*  ********  web:1 healthy  web healthy",
    "  active  Online  ACTIVE",
    "node-3  500000005  mi-*  ********  web:1 healthy  web healthy",
    "  active  Online  ACTIVE",
    "",
    "berlin (on-premises)",
    "NODE  MANAGED  CONTAINER  TASKS",
    "  INSTANCE  INSTANCE",
    "rack-1  mi-*  ********  web:1 healthy",
    "  Online  ACTIVE",
    "",
    "Services",
    "SERVICE  SITE  TASKS  ROLL-OUT  IMAGE  URL",
    expect.stringMatching(/^web {2}ams3 {2}3\/3 {2}completed :1 {2}v7 {2}http:\/\/127\.[\d.]+$/),
    "web  berlin  1/1  completed :1  v7  -",
    "worker  ams3  1/1  completed :1  v7  -",
    "",
    "Jobs",
    "JOB  SITE  SCHEDULE  LAST RUN  NEXT RUN",
    expect.stringMatching(/^report {2}ams3 {2}cron\(30 4 \* \* \? \*\) {2}- {2}[\d-]{10} 04:30:00Z$/),
  ]);
  expect(Math.max(...stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
});

test("parts of a fleet are shown by name, and an unknown name is refused with a suggestion", async () => {
  const { sites, services, jobs, exitCode } = await report("node-2", "worker");
  expect(exitCode).toBe(0);
  const shown = sites.map(({ site, nodes }) => [site, nodes.map(({ node }) => node)]);
  expect(shown).toEqual([["ams3", expect.arrayContaining(["node-2"])]]);
  expect(services.map(({ name }) => name)).toEqual(["worker--ams3"]);
  expect(jobs).toEqual([]);
  expect((await report("berlin")).services.map(({ name }) => name)).toEqual(["web--berlin"]);
  expect(await stage.anywhere(["status", "wrker"])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(
      /No site, service, job or node is called wrker: .* Did you mean worker\?\n$/,
    ),
  });
});

test("a cloud that can't be queried is reported, the other's part is shown, and the exit code is 1", async () => {
  stage.world.digitalocean.behaviour.access = "none";
  const { exitCode, unanswered, problems, sites } = await report();
  stage.world.digitalocean.behaviour.access = "full";
  expect({ exitCode, unanswered }).toEqual({
    exitCode: 1,
    unanswered: [{ source: "DigitalOcean", reason: "Refused: Unable to authenticate you" }],
  });
  expect(inShort(problems)).toEqual(["unanswered DigitalOcean"]);
  expect(sites[0]?.nodes[0]).toMatchObject({ machine: null, containerInstance: { status: "ACTIVE" } });
  stage.configure({ name: "another" });
  expect(await stage.anywhere(["status"])).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringContaining("There is no cluster another in eu-west-1"),
  });
  stage.configure({});
});

test("problems are shown first, with their remedies, and the exit code is 2", async () => {
  stage.configure({
    sites: {
      ...environment.sites,
      berlin: {
        kind: "on-premises",
        nodes: { "rack-1": { replacement: 1 }, "rack-2": {}, "rack-3": {}, "rack-4": {} },
      },
    },
  });
  const activate = (node: string) =>
    stage.ecs.call("CreateActivation", {
      IamRole: "anywhere--node",
      DefaultInstanceName: `anywhere--berlin--${node}`,
      ExpirationDate: new Date(Date.now() + 60_000),
    }) as { ActivationId: string };
  activate("rack-2");
  const expired = stage.world.aws.activations.get(activate("rack-3").ActivationId);
  Object.assign(expired ?? {}, { expiresAt: Date.now() - 1000 });
  stage.lose("ams3/node-1", { ecs: true, ssm: true });
  stage.lose("ams3/node-2", { ecs: true, ssm: false });
  stage.lose("ams3/node-3", { ecs: false, ssm: true });
  const droplet = stage.world.digitalocean.droplets.get(stage.droplet("ams3/node-1"));
  Object.assign(droplet ?? {}, { status: "off" });
  await stage.turnOff("ams3/node-1");
  await stage.turnOff("ams3/node-2");
  await stage.measured(1);
  const stranger = stage.ecs.addNode({
    "anywhere.deployment": "anywhere",
    "anywhere.site": "fra1",
    "anywhere.node": "x",
  });

  const { exitCode, problems } = await report();
  expect(exitCode).toBe(2);
  expect(inShort(problems)).toEqual([
    "machine-off ams3/node-1",
    "not-registered berlin/rack-2",
    "not-registered berlin/rack-3",
    "not-registered berlin/rack-4",
    "lost ams3/node-1",
    "agent-lost ams3/node-2",
    "ping-lost ams3/node-3",
    "replacement-pending berlin/rack-1",
    "backend-unhealthy ams3/node-1",
    "backend-unhealthy ams3/node-2",
    `unknown-registration ${stranger.containerInstanceArn.split("/").at(-1)}`,
  ]);
  expect(problems.map(({ remedy }) => remedy)).toEqual([
    expect.stringContaining("doctl compute droplet-action power-on"),
    expect.stringContaining('"npx anywhere join berlin rack-2" before then'),
    expect.stringContaining("--replace berlin/rack-3"),
    expect.stringContaining("npm run deploy -- activations"),
    expect.stringContaining("npx anywhere heal"),
    expect.stringContaining("systemctl restart ecs"),
    expect.stringContaining("systemctl restart amazon-ssm-agent"),
    expect.stringContaining("npx anywhere roll berlin"),
    ...[1, 2].map(() => expect.stringContaining("health path")),
    expect.stringContaining("aws ecs deregister-container-instance --region eu-west-1 --cluster anywhere"),
  ]);
  const { stdout } = await stage.anywhere(["status"]);
  expect(stdout.split("\n")[2]).toBe("11 problems");
  expect(Math.max(...stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
});
