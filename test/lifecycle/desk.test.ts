import { TagResourceCommand } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "../../cli/fleet/problem";
import type { StatusReport } from "../../cli/report/status-report";
import type { Environment } from "../../config/schema";
import { run, type Command, type Ended } from "../../demo/command";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";
import { environmentOf, sample } from "../support/deployments/sample-environment";
import { eventually } from "../support/jest/eventually";
import { awsClients } from "../support/observation/clouds";
import { dropletSite, machineOf } from "../support/observation/nodes";
import { startCommand } from "../support/programs/running-command";

const image = "localhost/anywhere/app:v1";
const sites = { ams3: dropletSite("one", "two") };
const environment: Partial<Environment> = {
  services: {
    web: sample(),
    worker: { image, command: ["node", "worker.js"], cpuUnits: 64, memoryMiB: 64, placement: { ams3: 1 } },
  },
  jobs: {
    report: {
      image,
      command: ["node", "report.js"],
      cpuUnits: 64,
      memoryMiB: 64,
      schedule: "rate(1 minute)",
      site: "ams3",
    },
  },
};
let life: LifeCycle;
let file: string;

beforeAll(async () => {
  life = await startLifeCycle({ name: "desk", sites, environment });
  file = join(life.folderOf("."), "..", "desk.json");
  writeFileSync(file, JSON.stringify(environmentOf(sites, environment)));
  // The real one takes a sample every two minutes.
  await life.cloud.admin.digitalocean({ metricsMilliseconds: 1000 });
  expect(await life.site("ams3").apply()).toMatchObject({ exitCode: 0 });
  expect(await life.web.apply()).toMatchObject({ exitCode: 0 });
  expect(await life.service("worker").apply()).toMatchObject({ exitCode: 0 });
  await life.terraform("jobs", "apply", "-auto-approve", "-input=false", "-no-color");
}, 600_000);

afterAll(() => life.stop());

const command = (...args: readonly string[]): Command => ({
  program: process.execPath,
  args: ["cli/anywhere.js", ...args],
  folder: process.cwd(),
  variables: { ...life.cloud.variables, ANYWHERE_ENV: file },
  log: undefined,
  seconds: 120,
});

const anywhere = (...args: readonly string[]): Promise<Ended> => run(command(...args));

async function status(): Promise<StatusReport> {
  return JSON.parse((await anywhere("status", "--json")).stdout) as StatusReport;
}

/** Waits until the status tells of exactly these problems. */
async function problems(...expected: readonly string[]): Promise<readonly Problem[]> {
  return eventually(`the problems are ${expected.join(", ") || "none"}`, async () => {
    const { problems: told } = await status();
    const inShort = told.map(({ kind, subject }) => `${kind} ${subject}`);
    return JSON.stringify(inShort) === JSON.stringify(expected) ? told : undefined;
  });
}

test("the status of a deployment that Terraform has made tells all of it, as the outputs of its stacks do", async () => {
  await problems();
  const ran = await eventually("the job has run", async () => {
    const report = await status();
    return report.jobs[0]?.last === null ? undefined : report;
  });
  expect(ran).toMatchObject({
    unanswered: [],
    strangers: [],
    sites: [
      {
        site: "ams3",
        kind: "digitalocean",
        nodes: ["one", "two"].map((node) => ({
          node,
          machine: { status: "active" },
          managedInstance: { pingStatus: "Online" },
          containerInstance: { status: "ACTIVE", agentConnected: true },
          backends: [{ service: "web", state: "healthy" }],
        })),
      },
    ],
    services: [
      { name: "web--ams3", desired: 2, running: 2, images: [image], deployments: [{ state: "COMPLETED" }] },
      { name: "worker--ams3", desired: 1, running: 1, urls: [] },
    ],
    jobs: [{ job: "report", last: { exitCode: 0 } }],
  });
  const outputs = await life.site("ams3").outputs();
  expect(ran.services[0]?.urls).toEqual((outputs["urls"] as Record<string, string[]>)["web"]);
  const nodes = outputs["nodes"] as Record<string, { readonly machine_id: string }>;
  expect(ran.sites[0]?.nodes.map(({ machine }) => machine?.id)).toEqual(
    ["one", "two"].map((node) => nodes[node]?.machine_id),
  );
});

test("logs shows what the tasks of a service or a job have printed, of one site or of all, and goes on with it", async () => {
  const worker = await eventually("the worker's output has come", async () => {
    const { stdout } = await anywhere("logs", "worker");
    return stdout.includes("ready") ? stdout : undefined;
  });
  expect(worker).toMatch(/^\d\d:\d\d:\d\d [0-9a-f]{8} app ready$/m);
  const report = await anywhere("logs", "report", "--site", "ams3", "--json");
  const lines = report.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { message: string });
  expect(lines[0]?.message).toMatch(/^report of \d{4}-/);

  const following = startCommand({ ...command("logs", "worker", "--follow", "--since", "1m"), seconds: 120 });
  await eventually("more has been printed", () =>
    Promise.resolve(following.printed().split("working").length > 2 ? true : undefined),
  );
  following.signal("SIGINT");
  expect(await following.ended).toMatchObject({ exitCode: 130 });
  const printed = following
    .printed()
    .split("\n")
    .filter((line) => line.includes("working"));
  expect(new Set(printed).size).toBe(printed.length);
}, 300_000);

test("a node whose agents are lost is told, and healed: its task runs on the other one", async () => {
  const workersNode = ({ sites: [site] }: StatusReport) =>
    site?.nodes.find(({ tasks }) => tasks.some(({ of }) => of === "worker"))?.node;
  const lost = workersNode(await status()) ?? "";
  const machine = await machineOf(life, "ams3", lost);
  await life.cloud.admin.machine(machine, "agent-stop");
  await problems(`lost ams3/${lost}`);
  await life.cloud.admin.machine(machine, "agent-start");
  await problems();
  await life.cloud.admin.machine(machine, "power-off");
  await problems(`lost ams3/${lost}`, `backend-unhealthy ams3/${lost}`);
  expect((await anywhere("heal")).stdout).toContain("It is left until that is 15 minutes ago.");

  const arn = (await status()).sites[0]?.nodes.find(({ node }) => node === lost)?.containerInstance?.arn;
  const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
  const { ecs } = awsClients(life.cloud);
  await ecs.send(
    new TagResourceCommand({ resourceArn: arn, tags: [{ key: "anywhere.lost-since", value: hourAgo }] }),
  );
  ecs.destroy();
  expect(await anywhere("heal")).toMatchObject({
    exitCode: 2,
    stdout: expect.stringContaining(`"npm run deploy -- --replace ams3/${lost}" brings the node back.`),
  });
  await problems(`not-in-cluster ams3/${lost}`);
  const healed = await eventually("the worker runs on the other node", async () => {
    const report = await status();
    const node = workersNode(report);
    return node === undefined || node === lost ? undefined : report;
  });
  expect(healed.services.map(({ name, running, desired }) => [name, running, desired])).toEqual([
    ["web--ams3", 1, 1],
    ["worker--ams3", 1, 1],
  ]);
  expect((await anywhere("events", "worker")).stdout).toContain("deregistration forced by user");
}, 300_000);
