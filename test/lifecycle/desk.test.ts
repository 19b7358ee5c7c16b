import { TagResourceCommand } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Problem } from "../../cli/fleet/problem";
import type { DoctorReport } from "../../cli/report/schemas/doctor-report";
import type { OrphansReport } from "../../cli/report/schemas/orphans-report";
import type { StatusReport } from "../../cli/report/schemas/status-report";
import type { Environment } from "../../config/schema";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";
import { operatorOf, type Operator } from "../support/deployments/operator";
import { sample } from "../support/deployments/sample-environment";
import { loadableSite, underLoad } from "../support/deployments/site-load";
import { eventually, eventuallyShown } from "../support/jest/eventually";
import { awsClients, findSite, listDroplets, nothing } from "../support/observation/clouds";
import { machineOf, nodesOf, raised } from "../support/observation/nodes";
import { nothingFound, watchSecrets } from "../support/observation/secrets";
import { startCommand } from "../support/programs/running-command";

const image = "localhost/anywhere/app:v1";
const names = ["one", "two", "three"];
const sites = { ams3: loadableSite(...names) };
const secrets = watchSecrets();
const small = { image, cpuUnits: 64, memoryMiB: 64 };
const environment: Partial<Environment> = {
  name: "desk",
  services: {
    web: sample(),
    worker: { ...small, command: ["node", "worker.js"], placement: { ams3: 1 }, secrets: secrets.ofService },
  },
  jobs: {
    report: { ...small, command: ["node", "report.js"], schedule: "rate(1 minute)", site: "ams3" },
  },
};
let life: LifeCycle;
let operator: Operator;

beforeAll(async () => {
  life = await startLifeCycle({ name: "desk", sites, environment });
  operator = operatorOf(life, environment, secrets.variables);
  operator.configure(sites);
  await secrets.store(life.cloud);
  // The real one takes a sample every two minutes.
  await life.cloud.admin.digitalocean({ metricsMilliseconds: 1000 });
  expect(await life.site("ams3").apply()).toSucceed();
  expect(await life.web.apply()).toSucceed();
  expect(await life.service("worker").apply()).toSucceed();
  await life.terraform("jobs", "apply", "-auto-approve", "-input=false", "-no-color");
}, 600_000);

afterAll(() => life.stop());
afterAll(secrets.end);

const anywhere: Operator["anywhere"] = (...args) => secrets.watched(operator.anywhere(...args));

async function status(): Promise<StatusReport> {
  return JSON.parse((await anywhere("status", "--json")).stdout) as StatusReport;
}

/** Waits until the status tells of exactly these problems. */
async function problems(...expected: readonly string[]): Promise<readonly Problem[]> {
  return eventuallyShown(`the problems are ${expected.join(", ") || "none"}`, async () => {
    const { problems: told } = await status();
    const inShort = told.map(({ kind, subject }) => `${kind} ${subject}`);
    return JSON.stringify(inShort) === JSON.stringify(expected) ? told : undefined;
  });
}

test("status shows a whole deployment, and agrees with the outputs of its stacks", async () => {
  await problems();
  const ran = await eventuallyShown("the job has run", async () => {
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
        nodes: names.map((node) => ({
          node,
          machine: { status: "active" },
          managedInstance: { pingStatus: "Online" },
          containerInstance: { status: "ACTIVE", agentConnected: true },
          backends: [{ service: "web", state: "healthy" }],
        })),
      },
    ],
    services: [
      { name: "web--ams3", desired: 3, running: 3, images: [image], deployments: [{ state: "COMPLETED" }] },
      { name: "worker--ams3", desired: 1, running: 1, urls: [] },
    ],
    jobs: [{ job: "report", last: { exitCode: 0 } }],
  });
  const outputs = await life.site("ams3").outputs();
  expect(ran.services[0]?.urls).toEqual((outputs["urls"] as Record<string, string[]>)["web"]);
  const nodes = outputs["nodes"] as Record<string, { readonly machine_id: string }>;
  expect(ran.sites[0]?.nodes.map(({ machine }) => machine?.id)).toEqual(
    names.map((node) => nodes[node]?.machine_id),
  );
});

test("doctor reports whether a deploy would change anything", async () => {
  const drift = async () => {
    const { findings } = JSON.parse((await anywhere("doctor", "--json")).stdout) as DoctorReport;
    return findings.flatMap(({ about, state, message }) => (about === "drift" ? [[state, message]] : []));
  };
  expect(await drift()).toEqual([["ok", "none in 6 stacks"]]);
  const extraEgress = [{ protocol: "tcp" as const, ports: "5432", addresses: ["198.51.100.0/24"] }];
  operator.configure({ ams3: Object.assign(loadableSite(...names), { extraEgress }) });
  expect(await drift()).toEqual([["warn", 'a deploy would change compute-ams3: "npm run diff" shows what']]);
  operator.configure(sites);
}, 300_000);

test("logs shows the output of a service's or a job's tasks, at one site or all, and follows it", async () => {
  const worker = await eventuallyShown("the worker's output has come", async () => {
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

  const following = startCommand({
    ...operator.command("logs", "worker", "--follow", "--since", "1m"),
    seconds: 120,
  });
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

test("a task runs by hand beside a service that holds its nodes' port; run prints its output and ends with its exit code", async () => {
  const report = await anywhere("run", "web", "--wait", "--", "node", "report.js");
  expect(report).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^report of \d{4}-/),
    stderr: expect.stringMatching(/^task \w{32} of web starts on ams3\/(one|two|three)$/m),
  });
  const failing = ["node", "-e", "console.log('it fails'); process.exit(7)"];
  expect(await anywhere("run", "worker", "--wait", "--", ...failing)).toMatchObject({
    exitCode: 7,
    stdout: "it fails\n",
  });
  expect((await anywhere("events", "web", "--json")).stdout).toContain("--one-off:");
  await problems();
}, 300_000);

test("a node whose agents are lost is reported and healed: its task runs on another node", async () => {
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
  expect((await anywhere("heal")).stdout).toContain("It will be deregistered 15 minutes after that.");

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
  const healed = await eventuallyShown("the worker runs on another node", async () => {
    const report = await status();
    const node = workersNode(report);
    return node === undefined || node === lost ? undefined : report;
  });
  expect(healed.services.map(({ name, running, desired }) => [name, running, desired])).toEqual([
    ["web--ams3", 2, 2],
    ["worker--ams3", 1, 1],
  ]);
  expect((await anywhere("events", "worker")).stdout).toContain("deregistration forced by user");
}, 300_000);

test("a healed node is replaced, and pending replacements are rolled one at a time without a failed request", async () => {
  const {
    sites: [site],
  } = await status();
  const healed = site?.nodes.find(({ containerInstance }) => containerInstance === null)?.node ?? "";
  const replaced = await anywhere("deploy", "--replace", `ams3/${healed}`, "--auto-approve");
  expect(replaced).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(
      /^compute-ams3 +\| .*: registration of ams3\/.*$[^]*^web +ams3 +http:\/\/\S+$/m,
    ),
  });
  await problems();

  operator.configure({ ams3: raised(sites.ams3, ...names) });
  await problems(...names.map((node) => `replacement-pending ams3/${node}`));
  const before = await nodesOf(life, "ams3");
  const { loads, result } = await underLoad(life, { ams3: 20 }, () =>
    anywhere("roll", "ams3", "--auto-approve"),
  );
  expect(result).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(
      /ams3\/one serves, and ams3 is steady\.[^]*ams3\/two serves, and ams3 is steady\.[^]*ams3\/three serves, and ams3 is steady\./,
    ),
  });
  expect({ failed: loads.ams3.failed, failures: loads.ams3.failures }).toEqual({ failed: 0, failures: [] });
  expect(loads.ams3.requests).toBeGreaterThan(100);
  const after = await nodesOf(life, "ams3");
  expect(names.filter((node) => before(node).arn === after(node).arn)).toEqual([]);
  await problems();
  expect((await anywhere("roll", "--auto-approve")).stderr).toContain("No replacement is pending.");
}, 600_000);

test("servers join with exactly the printed line, and one leaves again", async () => {
  operator.configure({
    ams3: raised(sites.ams3, ...names),
    berlin: { kind: "on-premises", nodes: { "rack-1": {}, "rack-2": {} } },
  });
  const deployed = await anywhere("deploy", "activations", "compute-berlin", "--auto-approve");
  expect(deployed).toSucceed();
  const { stdout: leaving } = await anywhere("leave", "berlin", "rack-2");
  for (const node of ["rack-1", "rack-2"]) {
    const codeFile = join(operator.folder, `${node}.code`);
    const { stdout } = await anywhere("join", "berlin", node, "--code-file", codeFile);
    const lines = [`${stdout.trimEnd()} <<<'${readFileSync(codeFile, "utf8").trimEnd()}'`];
    const userData = ["#!/usr/bin/env bash", ...lines, ...(node === "rack-2" ? [leaving] : [])].join("\n");
    await life.cloud.admin.bootMachine({ name: node, hostname: node, userData, publicIp: "192.0.2.1" });
  }
  await eventually("both servers have joined, and one has left", async () => {
    const printed = await life.cloud.admin.console("rack-2");
    const { containerInstances } = await findSite(life.cloud, life.deployment, "berlin");
    return printed.includes("anywhere: LEFT berlin/rack-2 of desk") &&
      containerInstances.some(({ node, connected }) => node === "rack-1" && connected)
      ? true
      : undefined;
  });
  expect(await life.cloud.admin.console("rack-2")).toContain("anywhere: READY berlin/rack-2 of desk");
  expect(await anywhere("join", "berlin", "rack-1", "--json")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('"was already"'),
  });
}, 600_000);

test("codes, tokens, keys and secret values are only where they must be", async () => {
  expect(Math.min(...Object.values(secrets.extent()))).toBeGreaterThan(20);
  const states = ["activations", "compute-ams3", "compute-berlin"].map((id) => `state/desk--${id}.tfstate`);
  expect(await secrets.find(life, ["control-plane", "service-worker", "compute-ams3"])).toEqual({
    ...nothingFound,
    files: ["rack-1.code", "rack-2.code", ...states].map((file) => `${file}: activation code`),
    plans: ["compute-ams3 as JSON: activation code"],
  });
}, 300_000);

test("orphans of a site whose state is lost are found and removed, and the other site is untouched", async () => {
  const none = { exitCode: 0, stdout: "desk has no orphaned resources.\n" };
  expect(await anywhere("orphans")).toMatchObject(none);
  rmSync(join(operator.folder, "state", "desk--compute-ams3.tfstate"));
  const berlin = await eventually("ECS has missed the server that has left", async () => {
    const site = await findSite(life.cloud, life.deployment, "berlin");
    return site.containerInstances.some(({ node, connected }) => node === "rack-2" && connected)
      ? undefined
      : site;
  });
  const found = await anywhere("orphans", "--json");
  expect(found.exitCode).toBe(2);
  const { orphans } = JSON.parse(found.stdout) as OrphansReport;
  expect(orphans.map(({ kind }) => kind)).toEqual([
    ...names.map(() => "container instance"),
    ...names.map(() => "managed instance"),
    ...names.map(() => "droplet"),
    "load balancer",
    "firewall",
    "tag",
  ]);
  expect(await anywhere("orphans", "--delete", "--auto-approve")).toSucceed();
  await eventually("the droplets are gone", async () =>
    (await listDroplets(life.cloud, "desk--")).length === 0 ? true : undefined,
  );
  expect(await findSite(life.cloud, life.deployment, "ams3")).toEqual(nothing);
  expect(await findSite(life.cloud, life.deployment, "berlin")).toEqual(berlin);
}, 600_000);
