import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import { run } from "../../demo/command";
import type { Report } from "../../demo/report";
import { titles } from "../../demo/steps/titles";
import type { Entry } from "../../local-cloud/world";
import { eventually } from "../support/jest/eventually";
import { startCommand } from "../support/programs/running-command";

const directory = resolve(".local-cloud", "tests", "demo");

let report: Report;
let output: string;
let journal: readonly Entry[];

/** As from a user's shell, with a user's troubles. */
const startDemo = (...args: readonly string[]) =>
  startCommand({
    program: "npm",
    args: ["run", "--silent", "demo", "--", ...args],
    variables: {
      ...process.env,
      AWS_PROFILE: "somebody",
      HTTPS_PROXY: "http://127.0.0.1:9",
      TF_CLI_CONFIG_FILE: "/nonexistent/terraformrc",
      ANYWHERE_ENV: "prod",
    },
    folder: resolve("."),
    log: undefined,
    seconds: 900,
  });

const journalIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "demo", "journal.json"), "utf8")) as Entry[];

beforeAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  const file = join(directory, "report.json");
  const ended = await startDemo("--directory", directory, "--report", file).ended;
  expect(ended).toSucceed();
  output = ended.stdout;
  report = JSON.parse(readFileSync(file, "utf8")) as Report;
  journal = journalIn(directory);
}, 960_000);

test("the demo names the providers that Terraform really ran", () => {
  const { aws, digitalocean, null: nothing } = report.providers;
  expect(Object.keys(report.providers).sort()).toEqual(["aws", "digitalocean", "null"]);
  expect(aws?.source).toMatch(/^(registry|mirror)$/);
  expect(aws?.version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(digitalocean?.version).toBe("2.71.0");
  expect(nothing?.version).toBe("3.2.4");
});

test("the demo says which provider versions were proven, and which are pinned", () => {
  const { aws, digitalocean, null: nothing } = report.providers;
  expect([aws, digitalocean, nothing].map((provider) => provider?.pinned)).toEqual([
    "6.25.0",
    "2.71.0",
    "3.2.4",
  ]);
  const [, proven = ""] = output.replace(/\s+/g, " ").split("Proven with the providers ");
  expect(proven).toContain(`aws ${aws?.version ?? ""} (`);
  expect(proven.includes("where the project pins 6.25.0")).toBe(aws?.version !== "6.25.0");
});

test("the page comes from every node, through the load balancer", () => {
  expect(report.http).toEqual({ status: 200, nodesSeen: ["node-1", "node-2"] });
});

test("a second plan shows no change in any stack", () => {
  expect(report.secondPlan?.unchanged).toEqual([
    "activations",
    "compute-ams3",
    "control-plane",
    "jobs",
    "service-api",
    "service-web",
    "service-worker",
  ]);
});

test("a shell that sources the local cloud's script works on the demo's own deployment", () => {
  expect(report.secondPlan?.exitCode).toBe(0);
});

test("status shows the deployment without problems", () => {
  expect(output).toContain("No problems.");
  expect(output).toMatch(/node-2 +\d+ +mi-[0-9a-f]{17} +[0-9a-f]{8} .* web healthy$/m);
  expect(output).toMatch(/web +ams3 +2\/2 +completed( :1)? +[0-9a-f]+ +http:\/\//);
});

test("an update of one service under load fails no request", () => {
  const { service, images, failed, requests } = { ...report.update };
  expect(service).toBe("web");
  expect(failed).toBe(0);
  expect(requests).toBeGreaterThan(50 * 30);
  const tag = /^123456789012\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/anywhere-local\/web:[0-9a-f]{16,}$/;
  expect(images?.before).toMatch(tag);
  expect(images?.after).toMatch(tag);
  expect(images?.after).not.toBe(images?.before);
});

test("two web services, a worker and a job run side by side, and an update of one keeps the others' tasks", () => {
  expect(report.running).toEqual({ services: ["web", "api", "worker"], jobs: ["report"] });
  expect(report.job).toEqual({ job: "report", exitCode: 0 });
  // Of api and worker, one on each of two nodes.
  expect(new Set(report.update?.untouched).size).toBe(4);
});

test("a destroy leaves nothing except what belongs to others", () => {
  expect(report.left).toEqual({ resources: 0, managedInstances: 0, containerInstances: 0, droplets: 0 });
  expect(report.foreign).toEqual({ managedInstances: 3, containerInstances: 2 });
});

test("every step is timed", () => {
  expect(report.steps.map(({ name }) => name)).toEqual(Object.values(titles));
  expect(report.steps.every(({ seconds }) => seconds > 0)).toBe(true);
  for (const title of Object.values(titles)) {
    expect(output.match(new RegExp(`^✔ +[\\d.]+ s  ${title}$`, "gm"))).toHaveLength(1);
  }
});

test("without a terminal the demo prints each line once, without colours, and introduces foreign machines first", () => {
  // eslint-disable-next-line no-control-regex
  expect(output).not.toMatch(/[\u001b\r]/);
  const lines = output.split("\n");
  for (const line of [
    "  control-plane: 56 added",
    "  node-1 has booted",
    "  node-2 ECS: ACTIVE",
    "  web:2 on node-1: healthy",
  ]) {
    expect(lines.filter((one) => one === line)).toHaveLength(1);
  }
  const introduced = output.indexOf("somebody else has 3 machines");
  expect(introduced).toBeGreaterThanOrEqual(0);
  expect(introduced).toBeLessThan(output.indexOf(titles.deploy));
  expect(output).toMatch(/registered with ECS +0 +2 of 2$/m);
  expect(output).toContain(join(directory, "demo", "commands.log").slice(resolve(".").length + 1));
});

test("only the deployment's own nodes are deregistered, each once", () => {
  const droplets = calls("POST /v2/droplets").length;
  const machines = calls("RegisterManagedInstance").map(({ detail }) => detail["Fingerprint"]);
  expect(machines).toHaveLength(3);
  expect(new Set(machines).size).toBe(3);
  expect(droplets).toBe(3);
  const own = calls("RegisterContainerInstance").map(({ detail }) => {
    const { instanceId } = JSON.parse(detail["instanceIdentityDocument"] as string) as { instanceId: string };
    return instanceId;
  });
  const gone = calls("DeregisterManagedInstance").map(({ detail }) => detail["InstanceId"] as string);
  expect(gone.sort()).toEqual(own.sort());
  const clusters = calls("DeregisterContainerInstance").map(({ detail }) => detail["cluster"]);
  expect(clusters).toEqual(["anywhere-local", "anywhere-local", "anywhere-local"]);
});

test("no step of a removal overtakes the one before it: drain, ECS, Systems Manager, droplet", () => {
  const places = [
    "UpdateContainerInstancesState",
    "DeregisterContainerInstance",
    "DeregisterManagedInstance",
    "DELETE /v2/droplets/{droplet_id}",
  ];
  const counts = places.map(() => 0);
  for (const { name } of journal.filter(({ status = 500 }) => status < 300)) {
    const place = places.indexOf(name);
    if (place >= 0) {
      counts[place] = (counts[place] ?? 0) + 1;
      expect(counts).toEqual([...counts].sort((a, b) => b - a));
    }
  }
  expect(counts).toEqual([3, 3, 3, 3]);
});

test("no droplet ever boots outside its firewall, or without its load balancer", () => {
  const booted = journal.filter(
    ({ name, service }) => name.startsWith("booted") && service === "digitalocean",
  );
  expect(
    booted.map(({ name, detail }) => [
      name,
      detail["firewalls"],
      [...(detail["load_balancers"] as string[])].sort(),
    ]),
  ).toEqual(
    Array.from({ length: 3 }, () => [
      "booted",
      ["anywhere-local--ams3"],
      ["anywhere-local--ams3--api", "anywhere-local--ams3--web"],
    ]),
  );
});

test("no activation code is in the journal, in a log, or in synthesised files, except where Terraform shows its deletion", () => {
  const lines = [
    "demo/commands.log",
    "demo/journal.json",
    "logs/droplet-500000001.log",
    ...synthesised(),
  ].flatMap((file) => readFileSync(join(directory, file), "utf8").split("\n"));
  const states = readdirSync(join(directory, "demo/state")).map((file) =>
    readFileSync(join(directory, "demo/state", file), "utf8"),
  );
  const codes = states.flatMap((state) =>
    [...state.matchAll(/"activation_code": "(\w+)"/g)].map(([, code]) => code ?? ""),
  );
  expect(codes.length).toBeGreaterThan(0);
  const shown = lines.filter((line) => codes.some((code) => line.includes(code)));
  // The provider doesn't mark it as sensitive; a destroyed activation's code is worth nothing.
  expect(shown.filter((line) => !/activation_code +=.*-> .*null/.test(line))).toEqual([]);
  expect(lines).toContainEqual(expect.stringContaining("activation_codes = <sensitive>"));
});

test("a kept demo stays up until Ctrl-C for the page, the dashboard and a shell, and keeps its journal", async () => {
  const kept = resolve(".local-cloud", "tests", "kept-demo");
  rmSync(kept, { recursive: true, force: true });
  const demo = startDemo("--keep", "--directory", kept);
  const said = await eventually("the demo is up", () =>
    Promise.resolve(/^page +(\S+)\ndashboard +(\S+)\nshell +(.*)$/m.exec(demo.printed()) ?? undefined),
  );
  const [, page = "", dashboard = "", source = ""] = said;
  const answers = await Promise.all([page, dashboard].map((url) => fetch(url)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  const inShell = (command: string) =>
    run({
      program: "bash",
      args: ["-c", `${source} && ${command}`],
      variables: process.env,
      folder: resolve("."),
      log: undefined,
      seconds: 120,
    });
  expect(await inShell("node cli/anywhere.js status")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("No problems."),
  });
  const calls = journalIn(kept).length;
  expect(calls).toBeGreaterThan(100);
  expect(existsSync(join(kept, "env"))).toBe(true);
  demo.signal("SIGINT");
  expect((await demo.ended).exitCode).toBe(130);
  expect(journalIn(kept).length).toBeGreaterThan(calls);
  expect(existsSync(join(kept, "env"))).toBe(false);
}, 300_000);

function synthesised(): string[] {
  return ["control-plane", "activations", "compute-ams3", "service-web"].map(
    (id) => `demo/cdktf.out/local/stacks/${id}/cdk.tf.json`,
  );
}

/** The successful calls of an operation. */
function calls(name: string): Entry[] {
  return journal.filter((entry) => entry.name === name && (entry.status ?? 500) < 300);
}
