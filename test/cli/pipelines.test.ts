import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../../config/schema";
import { run, type Ended } from "../../demo/command";
import { createProject, type Project } from "./project";

// With the Terraform of the machine, on resources that need no provider.
jest.setTimeout(300_000);

const image = "registry.example/app:v1";
const environment = {
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 2 } },
  services: { web: { image, http: { port: 8080 } } },
} satisfies Partial<Environment>;

/** Two checkouts of the same sources, whose states are in the same place. */
let here: Project;
let there: Project;
let shared: string;
let count = 0;

beforeAll(async () => {
  shared = mkdtempSync(join(tmpdir(), "cli-pipeline-"));
  here = await createProject();
  there = await createProject();
  await configure(environment);
}, 60_000);

afterAll(async () => {
  await Promise.all([here.remove(), there.remove()]);
  rmSync(shared, { recursive: true });
});

/** Changes the environment in both checkouts, and synthesises it. */
async function configure(changed: Partial<Environment>): Promise<void> {
  for (const project of [here, there]) {
    project.configure({ backend: { kind: "local", folder: join(shared, "state") }, ...changed });
    expect(await project.anywhere(["synth"])).toSucceed();
  }
}

/** Another image of the service: a change of one output, and of nothing else. */
const withImage = (tag: string): Partial<Environment> => ({
  ...environment,
  services: { web: { ...environment.services.web, image: `registry.example/app:${tag}` } },
});

const key = { ANYWHERE_PLAN_KEY: "a key that is nowhere else" };

const variablesOf = ({ variables }: Project): NodeJS.ProcessEnv => ({
  ...variables,
  DIGITALOCEAN_TOKEN: "test",
  RECORD: join(shared, "record"),
  FAIL: join(shared, "fail"),
});

/** Runs one of the scripts in a checkout. */
function script(
  name: string,
  args: readonly string[],
  project = here,
  more: NodeJS.ProcessEnv = key,
): Promise<Ended> {
  return run({
    program: join(project.folder, "pipelines", `${name}.sh`),
    args,
    folder: shared,
    variables: { ...variablesOf(project), ...more },
    log: undefined,
    seconds: 120,
  });
}

/** A folder that isn't there yet. */
const newFolder = () => join(shared, `plans-${count++}`);
const stacks = ["control-plane", "activations", "compute-ams3", "service-web"];
/** Each stack with what plan.sh has noted of it. */
const notedIn = (folder: string): string[][] =>
  readFileSync(join(folder, "stacks.txt"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));

/** Everything created and destroyed since the last look. */
function carriedOut(): string[] {
  const record = join(shared, "record");
  const lines = readFileSync(record, "utf8").split("\n").filter(Boolean);
  writeFileSync(record, "");
  return lines;
}

test("stacks are planned as far as their inputs are known, and applied in another checkout, in rounds", async () => {
  const rounds = [
    {
      plans: ["planned", "waits for control-plane", "waits for activations", "waits for compute-ams3"],
      exitCode: 3,
      done: ["+ control-plane cluster"],
    },
    {
      plans: ["no changes", "planned", "waits for activations", "waits for compute-ams3"],
      exitCode: 3,
      done: ["+ activations activations"],
    },
    {
      plans: ["no changes", "no changes", "planned", "planned"],
      exitCode: 0,
      done: ["+ compute-ams3 node-1", "+ compute-ams3 node-2", "+ service-web service"],
    },
  ];
  for (const { plans, exitCode, done } of rounds) {
    const folder = newFolder();
    expect(await script("plan", [folder])).toSucceed();
    expect(notedIn(folder)).toEqual(stacks.map((id, index) => [id, plans[index]]));
    expect(await script("apply", [folder], there)).toMatchObject({ exitCode });
    const all = carriedOut();
    // The nodes of a site have no order.
    expect([...all.slice(0, 2).sort(), ...all.slice(2)]).toEqual(done);
  }
  const last = newFolder();
  expect(await script("plan", [last])).toSucceed();
  expect(notedIn(last).map(([, plan]) => plan)).toEqual(Array(4).fill("no changes"));
  expect(readdirSync(last).filter((name) => name.endsWith(".plan"))).toEqual([]);
});

test("a relative path of Terraform counts from the folder in which a script is started", async () => {
  writeFileSync(join(shared, "ours"), '#!/bin/sh\nexec terraform "$@"\n', { mode: 0o755 });
  const folder = newFolder();
  const variables = { ...key, TERRAFORM_BINARY_NAME: "./ours" };
  expect(await script("plan", [folder, "control-plane"], here, variables)).toSucceed();
  expect(notedIn(folder)).toEqual([["control-plane", "no changes"]]);
});

test("a plan whose state has changed since is refused with the remedy", async () => {
  await configure(withImage("v2"));
  const folder = newFolder();
  expect(await script("plan", [folder, "service-web"])).toSucceed();
  expect(notedIn(folder)).toEqual([["service-web", "planned"]]);
  const ends = await Promise.all([script("apply", [folder]), script("apply", [folder], there)]);
  expect(ends.map(({ exitCode }) => exitCode).sort()).toEqual([0, 2]);
  expect(ends.map(({ stderr }) => stderr).join("")).toContain(
    "service-web: its state has changed since the plan was made. Nothing in it was changed: run plan.sh again, and have the new plan approved.",
  );
  const again = await script("plan", [folder]);
  expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("is not empty") });
});

test("saved plans are encrypted with a key from a variable or a file, and aren't kept without one", async () => {
  await configure(withImage("v3"));
  const keyFile = join(shared, "key");
  writeFileSync(keyFile, `${key.ANYWHERE_PLAN_KEY}\n`);
  const [encrypted, unkept] = [newFolder(), newFolder()];
  const byFile = { ANYWHERE_PLAN_KEY_FILE: keyFile };
  expect(await script("plan", [encrypted, "service-web"], here, byFile)).toSucceed();
  const plan = readFileSync(join(encrypted, "service-web.plan"), "latin1");
  // A plan is a zip archive.
  expect([plan.startsWith("Salted__"), plan.includes("PK\u0003\u0004")]).toEqual([true, false]);
  expect(await script("apply", [encrypted], there, { ANYWHERE_PLAN_KEY: "another" })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("can't be decrypted: the key is wrong, or the file is damaged."),
  });
  expect(await script("plan", [unkept, "service-web"], here, {})).toSucceed();
  expect(readdirSync(unkept).sort()).toEqual(["comment.md", "service-web.txt", "stacks.txt"]);
  expect(await script("apply", [unkept], there)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("holds no plan of service-web: give plan.sh a key"),
  });
  // Its key is the same as that of the file.
  expect(await script("apply", [encrypted], there)).toSucceed();
  const changed = await script("apply", ["--replan", unkept], there, {});
  expect(changed).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("service-web: the plan has changed since it was approved"),
  });
});

test("a plan that is made again is applied if it reads like the approved one", async () => {
  await configure(withImage("v4"));
  const folder = newFolder();
  expect(await script("plan", [folder, "service-web"], here, {})).toSucceed();
  await configure({
    ...withImage("v4"),
    services: { other: withImage("v4").services?.["web"] ?? { image } },
  });
  expect(await script("apply", ["--replan", folder], there, {})).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("holds a plan of service-web, which is not synthesised here"),
  });
  await configure(withImage("v4"));
  expect(await script("apply", ["--replan", folder], there, {})).toSucceed();
  expect(await script("plan", [newFolder(), "service-web"], here, {})).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("service-web: no changes"),
  });
});

test("a plan that our commands would refuse leaves nothing to apply, and a failed apply holds up what comes after it", async () => {
  const size = "s-2vcpu-2gb";
  await configure({ ...withImage("v5"), sites: { ams3: { ...environment.sites.ams3, size } } });
  const folder = newFolder();
  const refused = await script("plan", [folder]);
  expect(refused).toMatchObject({ exitCode: 2 });
  expect(refused.stdout).toContain("compute-ams3: REFUSED: compute-ams3: 2 nodes would be replaced");
  expect(readdirSync(folder).filter((name) => name === "stacks.txt" || name.endsWith(".plan"))).toEqual([]);
  expect(await script("apply", [folder])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("has no plans from plan.sh: they were refused, or never made."),
  });
  const allowed = newFolder();
  const option = "--all-at-once";
  expect(await script("plan", [option, allowed, "compute-ams3", "service-web"])).toMatchObject({
    exitCode: 0,
  });
  writeFileSync(join(shared, "fail-compute-ams3"), "");
  const failed = await script("apply", [option, allowed], there);
  rmSync(join(shared, "fail-compute-ams3"));
  expect(failed).toMatchObject({ exitCode: 1 });
  expect(failed.stderr).toContain("service-web: not started, since it comes after compute-ams3.");
});

test("a lock that someone else holds is reported, with the command that breaks it if its run is dead", async () => {
  const state = join(shared, "state", "cli-test--control-plane.tfstate");
  // As Terraform locks a local state.
  const holder = spawn("python3", [
    "-c",
    "import fcntl, sys\nstate = open(sys.argv[1], 'r+')\nfcntl.lockf(state, fcntl.LOCK_EX)\nprint('held', flush=True)\nsys.stdin.read()",
    state,
  ]);
  try {
    await once(holder.stdout, "data");
    const waiting = await script("plan", [newFolder(), "control-plane"], here, {
      ...key,
      LOCK_TIMEOUT: "0s",
    });
    expect(waiting).toMatchObject({ exitCode: 1 });
    expect(waiting.stderr).toContain("Error acquiring the state lock");
    expect(waiting.stderr).toContain(
      'control-plane: somebody else is working on it, as shown above. Wait for that run to end, and run this again. Only if that run is dead: run "terraform force-unlock <ID>" in cdktf.out/environment/stacks/control-plane.',
    );
  } finally {
    holder.kill();
  }
});

test("an interrupted run waits for Terraform's end, and starts nothing else", async () => {
  const folder = newFolder();
  expect(await script("plan", ["--destroy", folder])).toSucceed();
  carriedOut();
  const slow = join(shared, "slow-terraform");
  const lines = [
    "#!/bin/bash",
    "trap '' INT",
    '[[ "$1" != apply ]] || { echo begun; sleep 1; }',
    'exec terraform "$@"',
  ];
  writeFileSync(slow, lines.join("\n"), { mode: 0o755 });
  const child = spawn(join(here.folder, "pipelines/apply.sh"), ["--destroy", folder], {
    env: { ...variablesOf(here), ...key, TERRAFORM_BINARY_NAME: slow },
    // As at a terminal, whose Ctrl-C goes to all of them.
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(child, "close");
  for await (const text of child.stdout) {
    if (String(text).includes("begun")) {
      process.kill(-(child.pid ?? 0), "SIGINT");
    }
  }
  expect(await ended).toEqual([130, null]);
  expect(carriedOut()).toEqual(["- service-web service"]);
});

test("everything is destroyed in reverse order, given only its name, and no activation code is printed or kept", async () => {
  expect(await script("destroy", ["another"], there)).toMatchObject({
    exitCode: 2,
    stderr:
      "environment: environment (environment.json)\nThe environment is cli-test, not another: select it with ANYWHERE_ENV. Nothing was destroyed.\n",
  });
  const folder = newFolder();
  const planned = await script("plan", ["--destroy", folder]);
  expect(planned).toSucceed();
  expect(planned.stdout).toContain("(activation code)");
  const destroyed = await script("destroy", ["cli-test"], there, {});
  expect(destroyed).toSucceed();
  const told = [planned, destroyed].map(({ stdout, stderr }) => stdout + stderr).join("");
  const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
  expect([told, ...kept].filter((text) => text.includes("code-of-"))).toEqual([]);
  const applied = [...destroyed.stderr.matchAll(/^(\S+): applied$/gm)].map(([, id]) => id);
  expect(applied).toEqual(["compute-ams3", "activations", "control-plane"]);
  expect(readdirSync(here.variables["TMPDIR"] ?? "")).toEqual([]);
});
