import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { cpSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Environment } from "../../config/schema";
import { createProject, exitCode, type AtTerminal, type Project } from "./project";

// With the Terraform of the machine, on resources that need no provider.
jest.setTimeout(60_000);

type Replacements = Readonly<Record<string, number>>;

const rack = (replacements: Replacements): Environment["sites"][string] => ({
  kind: "on-premises",
  nodes: Object.fromEntries(
    Object.entries(replacements).map(([node, replacement]) => [node, { replacement }]),
  ),
});
const droplets = (replacements: Replacements): Environment["sites"][string] => ({
  ...rack(replacements),
  kind: "digitalocean",
  region: "ams3",
});
const deployed = { ams3: droplets({ a: 0, b: 0, c: 0 }), office: rack({ x: 0, y: 0 }) };

let project: Project;
const at = (path: string) => join(project.folder, path);
const traces = ["state", "record"];

beforeAll(async () => {
  project = await createProject();
  project.configure({ sites: deployed });
  expect(await deploy()).toSucceed();
  traces.forEach((path) => {
    cpSync(at(path), at(`deployed/${path}`), { recursive: true });
  });
});

afterAll(() => project.remove());

beforeEach(() => {
  traces.forEach((path) => {
    rmSync(at(path), { recursive: true });
  });
  cpSync(at("deployed/state"), at("state"), { recursive: true });
  writeFileSync(at("record"), "");
});

afterEach(() => {
  rmSync(at("fail"), { force: true });
  // Plans hold secrets.
  expect(readdirSync(at("tmp")).filter((name) => name.startsWith("anywhere-"))).toEqual([]);
});

const token = { DIGITALOCEAN_TOKEN: "test" };
const deploy = (...args: string[]) => project.anywhere(["deploy", "--auto-approve", ...args], token);
const configure = (sites: Environment["sites"]) => {
  project.configure({ sites: { ...deployed, ...sites } });
};
const record = () => project.lines("record").sort();

test.each([
  ["ams3", droplets({ a: 1, b: 0, c: 1 }), ["a", "c"]],
  ["office", rack({ x: 1, y: 1 }), ["x", "y"]],
] as const)(
  "two nodes of site %s aren't replaced at the same time without --all-at-once",
  async (site, changed, nodes) => {
    configure({ [site]: changed });
    const refused = await deploy();
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(
      `compute-${site}: 2 nodes would be replaced at the same time, and all that they run would stop: ${nodes.join(", ")}. ` +
        "Nothing of this stack was changed. Change one node at a time (its image, size or `replacement`, or with --replace), let " +
        '"npx anywhere roll" do so, or add --all-at-once.\n',
    );
    expect(record()).toEqual([]);

    expect(await deploy("--all-at-once")).toSucceed();
    expect(record()).toEqual([
      ...nodes.map((node) => `+ compute-${site} ${node}`),
      ...nodes.map((node) => `- compute-${site} ${node}`),
    ]);
  },
);

test("a deploy replaces one node of each site, and the next deploy replaces another", async () => {
  configure({ ams3: droplets({ a: 1, b: 0, c: 0 }), office: rack({ x: 1, y: 0 }) });
  expect(await deploy()).toSucceed();
  configure({ ams3: droplets({ a: 1, b: 1, c: 0 }), office: rack({ x: 1, y: 0 }) });
  expect(await deploy()).toSucceed();
  expect(record()).toEqual([
    "+ compute-ams3 a",
    "+ compute-ams3 b",
    "+ compute-office x",
    "- compute-ams3 a",
    "- compute-ams3 b",
    "- compute-office x",
  ]);
});

test("several nodes may be removed and others added while one is replaced", async () => {
  configure({ ams3: droplets({ c: 1, d: 0, e: 0 }) });
  expect(await deploy()).toSucceed();
  expect(record()).toEqual([
    "+ compute-ams3 c",
    "+ compute-ams3 d",
    "+ compute-ams3 e",
    "- compute-ams3 a",
    "- compute-ams3 b",
    "- compute-ams3 c",
  ]);
});

test("a site scales down to no nodes in one deploy", async () => {
  configure({ ams3: droplets({}) });
  expect(await deploy()).toSucceed();
  expect(record()).toEqual(["- compute-ams3 a", "- compute-ams3 b", "- compute-ams3 c"]);
});

test("nodes whose creation failed are created again, however many there are", async () => {
  configure({ ams3: droplets({ a: 0, b: 0, c: 0, d: 0, e: 0 }) });
  writeFileSync(at("fail"), "");
  expect(await deploy()).toMatchObject({ exitCode: 1 });
  rmSync(at("fail"));
  expect(await deploy()).toSucceed();
  expect(record()).toEqual(["+ compute-ams3 d", "+ compute-ams3 d", "+ compute-ams3 e", "+ compute-ams3 e"]);
});

test("a diff says what a deploy will refuse", async () => {
  configure({ ams3: droplets({ a: 1, b: 1, c: 0 }) });
  const { exitCode, stderr } = await project.anywhere(["diff"], token);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("A deploy will refuse to replace a, b together without --all-at-once.\n");
});

/** Waits for the question, and returns all that the screen has shown. */
async function question({ stdout }: AtTerminal): Promise<string> {
  let screen = "";
  for await (const chunk of stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    screen += String(chunk);
    if (screen.includes("Enter a value: ")) {
      stdout.resume();
      return stripVTControlCharacters(screen);
    }
  }
  throw new Error(`No question was asked:\n${screen}`);
}

test.each([
  ["yes", "yes\n", 0, ["+ compute-ams3 d"]],
  ["anything else", "y\n", 1, []],
  ["the end of the input", "\x04", 1, []],
  ["Ctrl-C", "\x03", 130, []],
])("at a terminal the plan is shown, and only yes applies it: %s", async (_, answer, code, changed) => {
  configure({ ams3: droplets({ a: 0, b: 0, c: 0, d: 0 }) });
  expect(await deploy("activations")).toSucceed();
  const child = project.anywhereAtTerminal(["deploy", "compute-ams3"], token);
  const ended = exitCode(child);
  const screen = await question(child);
  expect(screen).toContain("Plan: 3 to add, 0 to change, 0 to destroy.");
  expect(screen).toContain("Do you want to apply this plan (compute-ams3)?");
  child.stdin.write(answer);
  expect(await ended).toBe(code);
  expect(record()).toEqual(changed);
});

test("at a terminal nothing is asked when nothing would change", async () => {
  project.configure({ sites: deployed });
  const child = project.anywhereAtTerminal(["deploy", "compute-ams3"], token);
  child.stdout.resume();
  expect(await exitCode(child)).toBe(0);
  expect(record()).toEqual([]);
});
