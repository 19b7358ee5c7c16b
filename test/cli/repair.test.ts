import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../config/schema";
import { createProject, onPremises, type Project } from "./project";

// With the Terraform of the machine, on resources that need no provider.
jest.setTimeout(120_000);

const sites: Environment["sites"] = {
  ams3: {
    kind: "digitalocean",
    region: "ams3",
    nodes: { a: {}, b: {}, c: {} },
    vpc: { ipRange: "10.20.0.0/20" },
  },
  office: onPremises("x"),
};
const traces = ["state", "record"];
const token = { DIGITALOCEAN_TOKEN: "test" };

let project: Project;
const at = (path: string) => join(project.folder, path);
const deploy = (...args: string[]) => project.anywhere(["deploy", "--auto-approve", ...args], token);
const destroy = (...args: string[]) => project.anywhere(["destroy", "--auto-approve", ...args], token);
const record = () => project.lines("record").sort();

beforeAll(async () => {
  project = await createProject();
  project.configure({ sites });
  expect(await deploy()).toSucceed();
  traces.forEach((path) => {
    cpSync(at(path), at(`deployed/${path}`), { recursive: true });
  });
});

afterAll(() => project.remove());

beforeEach(() => {
  project.configure({ sites });
  traces.forEach((path) => {
    rmSync(at(path), { recursive: true, force: true });
  });
  cpSync(at("deployed/state"), at("state"), { recursive: true });
  writeFileSync(at("record"), "");
  for (const part of ["", "-vpc", "-compute-ams3", "-service-web"]) {
    rmSync(at(`fail${part}`), { force: true });
  }
  project.nodes.spent.clear();
  project.nodes.registered.clear();
  project.nodes.instances = [];
});

/** Ids of the present activations, by node. */
function activations(): Readonly<Record<string, string>> {
  const { outputs } = JSON.parse(readFileSync(at("state/cli-test--activations.tfstate"), "utf8")) as {
    outputs: { activation_ids: { value: Record<string, string> } };
  };
  return outputs.activation_ids.value;
}

/** Keys of the activations that are others than before. */
const renewed = (before: Readonly<Record<string, string>>) =>
  Object.entries(activations())
    .filter(([key, id]) => before[key] !== id)
    .map(([key]) => key);

const spend = (...keys: readonly string[]) => {
  keys.forEach((key) => project.nodes.spent.set(activations()[key] ?? "", "used"));
};

test("machines that are created again get new activations first, whichever stacks are named", async () => {
  const before = activations();
  spend("ams3/a", "ams3/b", "office/x");
  project.nodes.spent.set(before["ams3/c"] ?? "", "gone");
  expect(await destroy("compute-ams3")).toSucceed();

  const planned = await project.anywhere(["diff", "compute-ams3"], token);
  expect(planned.stderr).toContain(
    "The activation of ams3/a has been used: a deploy will replace it first.\n",
  );
  expect(renewed(before)).toEqual([]);

  const { exitCode, stdout, stderr } = await deploy("compute-ams3");
  expect(exitCode).toBe(0);
  expect(stderr).toContain(
    "The activation of ams3/c no longer exists: it is replaced before the new machine is created.\n",
  );
  expect(renewed(before)).toEqual(["ams3/a", "ams3/b", "ams3/c"]);
  expect(`${stdout}${stderr}`).not.toContain("code-of-");
  expect(stdout).toContain("(activation code)");
});

test("nodes of two sites get new activations in one apply, before either site is applied", async () => {
  const before = activations();
  spend("ams3/a", "ams3/b", "ams3/c", "office/x");
  expect(await destroy("compute-ams3", "compute-office")).toSucceed();
  const { exitCode, stderr } = await deploy();
  expect(exitCode).toBe(0);
  expect(renewed(before)).toEqual(["ams3/a", "ams3/b", "ams3/c", "office/x"]);
  const applied = [...stderr.matchAll(/^(\S+) *\| terraform apply$/gm)].map(([, id]) => id);
  expect([applied[0], applied.slice(1).sort()]).toEqual(["activations", ["compute-ams3", "compute-office"]]);
});

test("unchanged nodes keep their used activations", async () => {
  const before = activations();
  spend("ams3/a", "ams3/b", "ams3/c", "office/x");
  expect(await deploy()).toSucceed();
  expect([renewed(before), record()]).toEqual([[], []]);
});

test("a registered server keeps its activation, and a deregistered one gets a new one", async () => {
  const before = activations();
  rmSync(at("state/cli-test--compute-office.tfstate"));
  spend("office/x");
  project.nodes.registered.add(before["office/x"] ?? "");
  expect(await deploy("compute-office")).toSucceed();
  expect(renewed(before)).toEqual([]);

  expect(await destroy("compute-office")).toSucceed();
  project.nodes.registered.clear();
  expect(await deploy("compute-office")).toSucceed();
  expect(renewed(before)).toEqual(["office/x"]);
});

test("activations aren't replaced when the file would replace or delete others too", async () => {
  const before = activations();
  spend("ams3/a", "ams3/b", "ams3/c");
  expect(await destroy("compute-ams3")).toSucceed();
  project.configure({ sites: { ...sites, office: onPremises() } });
  const { exitCode, stderr } = await deploy("compute-ams3");
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    "activations: new activations for ams3/a, ams3/b, ams3/c would also replace or delete those of office/x, which",
  );
  expect(renewed(before)).toEqual([]);
});

test.each([
  ["its own two stacks", []],
  ["a named stack, and the activation that this needs", ["compute-ams3"]],
])("--replace replaces a node and its activation, with %s", async (_, ids) => {
  const before = activations();
  spend("ams3/a", "ams3/b", "ams3/c");
  const { exitCode, stdout, stderr } = await deploy("--replace", "ams3/b", ...ids);
  expect(exitCode).toBe(0);
  expect(renewed(before)).toEqual(["ams3/b"]);
  expect(record()).toEqual(["+ compute-ams3 b", "- compute-ams3 b"]);
  expect([...new Set([...stderr.matchAll(/^(\S+) *\| terraform apply$/gm)].map(([, id]) => id))]).toEqual([
    "activations",
    "compute-ams3",
  ]);
  expect(`${stdout}${stderr}`).not.toContain("code-of-");
});

test("--replace of an unknown node, or with other stacks, changes nothing", async () => {
  const unknown = await deploy("--replace", "ams3/d", "--replace", "office/x");
  expect(unknown.exitCode).toBe(1);
  expect(unknown.stderr).toContain(
    "No node is called ams3/d: this environment has ams3/a, ams3/b, ams3/c, office/x.\n",
  );
  const other = await deploy("--replace", "ams3/a", "compute-office");
  expect(other.stderr).toContain("--replace ams3/a needs compute-ams3: name that stack too, or name none.\n");
  expect(record()).toEqual([]);
});

test("connected nodes with tasks aren't replaced together, but one of them and a disconnected one are", async () => {
  const before = activations();
  const instance = { status: "ACTIVE", connected: true, tasks: 1 };
  project.nodes.instances = [
    { node: "a", ...instance },
    { node: "b", ...instance, connected: false },
    { node: "c", ...instance, status: "DRAINING" },
  ];
  const together = ["--replace", "ams3/a", "--replace", "ams3/b"];
  const refused = await deploy(...together, "--replace", "ams3/c");
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain(
    "compute-ams3: 2 nodes would be replaced at the same time, and all that they run would stop: a, c.",
  );
  expect([renewed(before), record()]).toEqual([[], []]);

  expect(await deploy(...together)).toSucceed();
  expect(renewed(before)).toEqual(["ams3/a", "ams3/b"]);
});

test("when ECS can't be queried, each node counts as one that runs something, and the message says so", async () => {
  project.nodes.instances = undefined;
  const { exitCode, stderr } = await deploy("--replace", "ams3/a", "--replace", "ams3/b");
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    "ECS can't be queried for the tasks on the nodes of site ams3 (AccessDeniedException: ",
  );
  expect(record()).toEqual([]);
});

test("a failed site holds up what depends on it, but no other site", async () => {
  rmSync(at("state"), { recursive: true });
  writeFileSync(at("fail-compute-ams3"), "");
  const { exitCode, stderr } = await deploy();
  expect(exitCode).toBe(1);
  expect(record()).toContain("+ compute-office x");
  expect(record()).not.toContain("+ service-web service");
  expect(stderr.split("\n").slice(-7)).toEqual([
    "control-plane: done.",
    "activations: done.",
    "compute-office: done.",
    "compute-ams3: Terraform ended with exit code 1; see the reason above.",
    "service-web: not started, since it waits for compute-ams3.",
    "Fix the cause and run the same command again: it continues where this one stopped.",
    "",
  ]);
});

test("a VPC that can't be deleted holds up no other stack, and the last lines say what to do", async () => {
  writeFileSync(at("fail-vpc"), "");
  const { exitCode, stdout, stderr } = await destroy();
  expect(exitCode).toBe(1);
  expect(record()).toEqual([
    "- activations activations",
    "- compute-ams3 a",
    "- compute-ams3 b",
    "- compute-ams3 c",
    "- compute-office x",
    "- control-plane cluster",
    "- service-web service",
  ]);
  expect(stderr.split("\n").slice(-7)).toEqual([
    "service-web: done.",
    "compute-office: done.",
    "activations: done.",
    "control-plane: done.",
    "compute-ams3: Terraform ended with exit code 1; see the reason above. No node is left, so the other stacks continue. Left: terraform_data.vpc.",
    "Fix the cause and run the same command again: it continues where this one stopped.",
    "",
  ]);
  expect(`${stdout}${stderr}`).not.toContain("code-of-");

  rmSync(at("fail-vpc"));
  expect(await destroy()).toSucceed();
});
