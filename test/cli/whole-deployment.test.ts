import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createProject, onPremises, type Project } from "./project";

// With the Terraform of the machine, on resources that need no provider.
jest.setTimeout(60_000);

const sites = { ams3: onPremises("node-1"), office: onPremises("rack-1") };
const traces = ["state", "cdktf.out", "record"];

let project: Project;
const at = (path: string) => join(project.folder, path);

beforeAll(async () => {
  project = await createProject();
  project.configure({ sites });
  expect(await deploy()).toSucceed();
  for (const path of traces) {
    cpSync(at(path), at(`deployed/${path}`), { recursive: true });
  }
});

afterAll(() => project.remove());

// Most tests begin with everything deployed, once for all of them.
beforeEach(() => {
  forget();
  project.configure({ sites });
  cpSync(at("deployed"), project.folder, { recursive: true });
});

function forget() {
  for (const path of traces) {
    rmSync(at(path), { recursive: true, force: true });
  }
}

const deploy = (...stacks: string[]) => project.anywhere(["deploy", "--auto-approve", ...stacks]);
const destroy = (...stacks: string[]) => project.anywhere(["destroy", "--auto-approve", ...stacks]);

const created = [
  "+ control-plane cluster",
  "+ activations activations",
  "+ compute-ams3 node-1",
  "+ compute-office rack-1",
  "+ service-web service",
];

/** Lines of the record, with those of the two sites, which come in any order, in that of the alphabet. */
const inOrder = (lines: readonly string[], [from, to]: readonly [number, number]) => [
  ...lines.slice(0, from),
  ...lines.slice(from, to).sort(),
  ...lines.slice(to),
];
/** The last lines of a command, without its duration. */
const end = (stdout: string) =>
  stdout
    .slice(stdout.indexOf("\nSTACK "))
    .replace(/^Done in \d+ s\./m, "Done in N s.")
    .split("\n")
    .filter((line) => line !== "");

/** The record since everything was deployed. */
const since = () => project.lines("record").slice(created.length);

test("deploys in dependency order, then plans no changes, and destroys in reverse order", async () => {
  forget();
  const deployed = await deploy();
  expect(deployed).toSucceed();
  expect(end(deployed.stdout)).toEqual([
    "STACK           CHANGES",
    "control-plane   1 added, 0 changed, 0 destroyed",
    "activations     3 added, 0 changed, 0 destroyed",
    "compute-ams3    2 added, 0 changed, 0 destroyed",
    "compute-office  2 added, 0 changed, 0 destroyed",
    "service-web     1 added, 0 changed, 0 destroyed",
    'Done in N s. "npx anywhere status" shows the current state.',
  ]);
  expect(inOrder(project.lines("record"), [2, 4])).toEqual(created);

  const planned = await project.anywhere(["diff"]);
  // What shows that Terraform is at work says nothing afterwards.
  expect(planned.stdout).not.toMatch(/Refreshing state|Reading\.\.\.|Read complete/);
  expect(planned.exitCode).toBe(0);
  expect(planned.stdout.match(/No changes\./g)).toHaveLength(5);
  expect(end((await deploy("control-plane")).stdout)).toContain("control-plane  no changes");

  const destroyed = await destroy();
  expect(destroyed).toSucceed();
  expect(end(destroyed.stdout)).toContain("compute-ams3    0 added, 0 changed, 2 destroyed");
  expect(inOrder(since(), [1, 3])).toEqual([
    "- service-web service",
    "- compute-ams3 node-1",
    "- compute-office rack-1",
    "- activations activations",
    "- control-plane cluster",
  ]);

  const again = await destroy();
  expect(again.exitCode).toBe(0);
  expect(again.stderr.match(/Has no resources: nothing to destroy/g)).toHaveLength(5);
});

test("acts on the named stacks alone", async () => {
  expect(await destroy("compute-office")).toSucceed();
  expect(since()).toEqual(["- compute-office rack-1"]);
});

test("a diff before the first deploy names what can't be planned yet, and exits with 2", async () => {
  forget();
  const { exitCode, stdout, stderr } = await project.anywhere(["diff"]);
  expect(exitCode).toBe(2);
  expect(stdout).toContain('terraform_data.node["cluster"]');
  // In the end all stacks at a glance.
  const table = stdout.slice(stdout.indexOf("\nSTACK ")).trim().split("\n");
  expect(table).toHaveLength(6);
  expect(table[1]).toMatch(/^control-plane +\d+ to add, 0 to change, 0 to destroy$/);
  expect(table).toContain("service-web     can't be planned yet");
  for (const [stack, producer] of [
    ["activations", "control-plane"],
    ["compute-ams3", "activations"],
    ["compute-office", "activations"],
    ["service-web", "control-plane"],
  ]) {
    expect(stderr).toMatch(
      new RegExp(`^${stack} *\\| Can't be planned yet: ${producer} is not deployed\\.$`, "m"),
    );
  }
  expect(`${stdout}${stderr}`).not.toContain("Error:");
});

test("a diff after a node was added names the missing activation, and plans the rest", async () => {
  project.configure({ sites: { ...sites, ams3: onPremises("node-1", "node-2") } });
  const { exitCode, stdout, stderr } = await project.anywhere(["diff"]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(
    "compute-ams3   | Can't be planned yet: activations has no activation for ams3/node-2.",
  );
  expect(stdout.match(/No changes\./g)).toHaveLength(3);
});

test("a diff whose plan fails exits with 1", async () => {
  const { exitCode, stderr } = await project.anywhere(["diff", "service-web"], {
    TF_CLI_ARGS_plan: "-nonsense",
  });
  expect(exitCode).toBe(1);
  expect(stderr).toContain("service-web: Terraform ended with exit code 1");
});

test("a stack isn't deployed before the stacks that it reads", async () => {
  forget();
  const { exitCode, stderr } = await deploy("compute-ams3");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("compute-ams3 can't be deployed yet: activations is not deployed.");
  expect(project.lines("record")).toEqual([]);
});

test("a deploy refuses to forget a site that is still deployed, and changes nothing", async () => {
  project.configure({ sites: { office: sites.office } });
  const refusal =
    "Site ams3 is no longer in environment.json, but the stack compute-ams3 is still deployed (resources: 2). " +
    'Put it back, run "npm run destroy -- compute-ams3", and only then remove it. ' +
    "A site under a new name is another site: to rename one, keep the old one until the new one is deployed.\n";
  for (const command of [
    ["deploy", "--auto-approve"],
    ["deploy", "--auto-approve", "compute-office"],
    ["diff"],
  ]) {
    const { exitCode, stdout, stderr } = await project.anywhere(command);
    expect(exitCode).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toBe(`environment: environment (environment.json)\n${refusal}`);
  }
  expect(since()).toEqual([]);
  expect(readdirSync(at("cdktf.out/environment/stacks"))).toEqual([
    "activations",
    "compute-office",
    "control-plane",
    "service-web",
  ]);
});

test("a deploy refuses to forget a renamed service, and says how to rename one that has a port", async () => {
  project.configure({
    sites,
    services: { site: { image: "registry.example/app:v1", http: { port: 8081 } } },
  });
  const { exitCode, stderr } = await project.anywhere(["deploy", "--auto-approve"]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    "A service under a new name is another service: to rename one, keep the old one until the new one is deployed, on another port if it has one. Add new services that don't fit beside it afterwards.\n",
  );
  expect(since()).toEqual([]);
});

test("a site is removed by destroying its stack and then deleting it from the config", async () => {
  expect(await destroy("compute-ams3")).toSucceed();
  project.configure({ sites: { office: sites.office } });
  expect(await deploy()).toSucceed();
  expect(since()).toEqual(["- compute-ams3 node-1"]);
});

test("the control plane is not destroyed while a stack needs its outputs", async () => {
  await destroy("service-web");
  const { exitCode, stdout, stderr } = await destroy("control-plane", "activations", "compute-office");
  expect(exitCode).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain(
    "compute-office, activations, control-plane can't be destroyed before the stacks that read its outputs: compute-ams3 (resources: 2).",
  );
  expect(since()).toEqual(["- service-web service"]);
});

test("the control plane is not destroyed while a site that is no longer in the config is deployed", async () => {
  project.configure({ sites: { office: sites.office } });
  const { exitCode, stderr } = await destroy();
  expect(exitCode).toBe(1);
  expect(stderr).toContain("the stack compute-ams3 is still deployed (resources: 2)");
  expect(since()).toEqual([]);
});

test("a stack is destroyed, with its clean-up, even if the state that it reads is gone", async () => {
  rmSync(at("state/cli-test--activations.tfstate"));
  const { exitCode, stderr } = await destroy("compute-ams3");
  expect(stderr).toContain(
    "compute-ams3 | Destroyed from its state without a refresh, since activations is not deployed.",
  );
  expect(exitCode).toBe(0);
  expect(since()).toEqual(["- compute-ams3 node-1"]);
});

test("environments in one folder keep to their own states, and can be used in turn", async () => {
  project.configure({ name: "cli-other" }, "other.json");
  const other = { ANYWHERE_ENV: "other.json" };
  expect(await project.anywhere(["deploy", "--auto-approve"], other)).toSucceed();
  expect(await project.anywhere(["destroy", "--auto-approve"], other)).toSucceed();
  expect(await project.anywhere(["diff"])).toSucceed();
  expect(since().filter((line) => line.startsWith("-"))).toEqual([
    "- service-web service",
    "- compute-office rack-1",
    "- activations activations",
    "- control-plane cluster",
  ]);
});
