import { beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCode, fakeTerraform, useProject, type Ended } from "./project";
import { synthesisArguments } from "../../cli/terraform/synthesis";

jest.setTimeout(300_000);

const project = useProject();
const at = (path: string) => join(project().folder, path);
const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
const diffOf = (name: string) =>
  `control-plane | cli-${name}--control-plane.tfstate\n\nSTACK          CHANGES\ncontrol-plane  no changes\n`;
const fake = (environment: string, more: NodeJS.ProcessEnv = {}) => ({
  ANYWHERE_ENV: `${environment}.json`,
  TERRAFORM_BINARY_NAME: fakeTerraform,
  ...more,
});

beforeAll(() => {
  for (const name of names) {
    project().configure({ name: `cli-${name}` }, `${name}.json`);
  }
});

beforeEach(() => {
  rmSync(at("cdktf.out"), { recursive: true, force: true });
});

test("eight simultaneous diffs of eight environments each show their own", async () => {
  const diffs = await Promise.all(
    names.map((name) => project().anywhere(["diff", "control-plane"], fake(name))),
  );
  expect(diffs.map(({ stdout }) => stdout)).toEqual(names.map((name) => diffOf(name)));
  expect(diffs.map(({ exitCode: code }) => code)).toEqual(names.map(() => 0));
});

test("a diff of one environment and a destroy of another at the same time leave the first deployed", async () => {
  const [a, b] = ["a", "b"].map((name) => ({ ANYWHERE_ENV: `${name}.json`, RECORD: at(`record.${name}`) }));
  for (const variables of [a, b]) {
    expect(await project().anywhere(["deploy", "--auto-approve", "control-plane"], variables)).toMatchObject({
      exitCode: 0,
    });
  }
  rmSync(at("cdktf.out"), { recursive: true });
  const [diff, destroy] = await Promise.all([
    project().anywhere(["diff", "control-plane"], a),
    project().anywhere(["destroy", "--auto-approve"], b),
  ]);
  expect({ ...diff, stderr: "" }).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("No changes."),
  });
  expect(destroy).toSucceed();
  expect(project().lines("record.a")).toEqual(["+ control-plane cluster"]);
  expect(project().lines("record.b")).toEqual(["+ control-plane cluster", "- control-plane cluster"]);
  // The folders in which the commands worked are those in which plain Terraform works, without being initialised.
  const output = execFileSync("terraform", ["output", "-json", "deployment"], {
    cwd: at("cdktf.out/a/stacks/control-plane"),
    env: { ...process.env, TF_CLI_CONFIG_FILE: undefined },
    encoding: "utf8",
  });
  expect(JSON.parse(output)).toMatchObject({ name: "cli-a" });
});

/** Starts one of our commands, and collects what it says. */
function start(args: readonly string[], variables: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, ["cli/anywhere.js", ...args], {
    cwd: project().folder,
    env: { ...project().variables, ...variables },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const said: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (part: string) => said.push(part));
  return { child, ended: exitCode(child), said: () => said.join("") };
}

/** Starts a deploy that lasts until it is interrupted, and waits until it applies. */
async function startDeploy(FAKE_LASTS: string) {
  const deploy = start(
    ["deploy", "control-plane", "--auto-approve"],
    fake("a", { FAKE_LASTS, FAKE_CHANGES: "1" }),
  );
  await eventually(() =>
    project()
      .lines("record")
      .some((line) => line.startsWith("control-plane: apply")),
  );
  // The script sets its trap just after it has recorded the call.
  await sleep(200);
  return deploy;
}

async function eventually(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!holds()) {
    if (Date.now() > deadline) {
      throw new Error("It didn't come true within 2 minutes.");
    }
    await sleep(50);
  }
}

test("during a deploy, another deploy and a destroy are refused, a diff waits, and other environments work", async () => {
  const { child, ended } = await startDeploy("180");
  const held = new RegExp(
    `was not started: .* is working on cli-a in this checkout with deploy \\(process ${child.pid ?? 0} on .*, since .*\\)\\. Wait until that command has ended\\.`,
  );
  const [deploy, destroy, other, byCdktf] = await Promise.all([
    project().anywhere(["deploy", "--auto-approve"], fake("a")),
    project().anywhere(["destroy", "--auto-approve"], fake("a")),
    project().anywhere(["deploy", "--auto-approve", "control-plane"], fake("b")),
    node(synthesisArguments, {
      ...fake("a"),
      CDKTF_CONTINUE_SYNTH_ON_ERROR_ANNOTATIONS: "true",
    }),
  ]);
  for (const refused of [deploy, destroy, byCdktf]) {
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(held);
  }
  expect(other).toSucceed();

  const diff = start(["diff", "control-plane"], fake("a"));
  await eventually(() => diff.said().includes("\ndiff is waiting, for 60 s at most: "));
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(await diff.ended).toBe(0);
  expect(diff.said()).toMatch(/ is waiting, .* is working on cli-a in this checkout with deploy \(process /);
});

test("the lock of a deploy that was killed is taken over", async () => {
  const { child, ended } = await startDeploy("5");
  child.kill("SIGKILL");
  await ended;
  expect(await project().anywhere(["deploy", "--auto-approve", "control-plane"], fake("a"))).toMatchObject({
    exitCode: 0,
  });
});

test("a stack that someone else has replaced since the synthesis is neither planned nor applied", async () => {
  await project().anywhere(["synth"], fake("b"));
  const FAKE_REPLACES = at("cdktf.out/b/stacks/control-plane/cdk.tf.json");
  for (const command of [
    ["deploy", "--auto-approve"],
    ["diff"],
    ["destroy", "--auto-approve", "--if-exists"],
  ]) {
    const { exitCode: code, stderr } = await project().anywhere(command, fake("a", { FAKE_REPLACES }));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /cdktf\.out\/a\/stacks\/control-plane no longer holds control-plane of cli-a \(a\.json\), but a stack that somebody else has synthesised: \{"name":"cli-b",.*cli-b--control-plane\.tfstate\. Run this command again\.\n$/,
    );
  }
  expect(
    project()
      .lines("record")
      .filter((line) => /: (apply|plan|destroy|state)/.test(line)),
  ).toEqual([]);
});

async function node(args: readonly string[], variables: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    cwd: project().folder,
    env: { ...project().variables, CHECKPOINT_DISABLE: "1", CI: "true", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 120_000,
    killSignal: "SIGKILL",
  });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, "close") as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { exitCode: code, stdout, stderr };
}

const cdktf = (args: readonly string[], variables: NodeJS.ProcessEnv) =>
  node(["node_modules/cdktf-cli/bundle/bin/cdktf", ...args], variables);

test("npx cdktf, our commands and plain terraform take turns on the same deployment", async () => {
  // The remains of another test's killed deploy may still be writing into the common one.
  const variables = { ANYWHERE_ENV: "c.json", RECORD: at("record.c") };
  const run = (...args: string[]) => cdktf(args, variables);
  expect(await run("deploy", "control-plane", "activations", "--auto-approve")).toMatchObject({
    exitCode: 0,
  });
  expect(project().lines("record.c")).toEqual(["+ control-plane cluster", "+ activations activations"]);

  const diff = await project().anywhere(["diff", "control-plane", "activations"], variables);
  expect(diff).toSucceed();
  expect(diff.stdout.match(/No changes\./g)).toHaveLength(2);

  const planned = await run("diff", "activations");
  expect(planned).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("No changes.") });
  expect(await run("output", "control-plane", "--outputs-file", "outputs.json")).toMatchObject({
    exitCode: 0,
  });
  expect(project().lines("outputs.json").join("")).toContain("cluster/cli-c");

  const init = execFileSync("terraform", ["init", "-input=false", "-no-color"], {
    cwd: at("cdktf.out/c/stacks/activations"),
    env: { ...process.env, TF_CLI_CONFIG_FILE: undefined },
    encoding: "utf8",
  });
  expect(init).toContain("successfully initialized");
  // One at a time: with two of several stacks, the CLI waits for ever.
  for (const stack of ["activations", "control-plane"]) {
    expect(await run("destroy", stack, "--auto-approve", "--ignore-missing-stack-dependencies")).toSucceed();
  }
  expect(project().lines("record.c")).toHaveLength(4);
});

test("while npx cdktf works on an environment, npx cdktf on another and a deploy of this one are refused", async () => {
  const FAKE_PLAN_AWAITS = at("may-end");
  const first = cdktf(["diff", "control-plane"], fake("d", { FAKE_PLAN_AWAITS }));
  await eventually(() =>
    project()
      .lines("record")
      .some((line) => line.startsWith("control-plane: plan")),
  );
  const [second, deploy, other] = await Promise.all([
    cdktf(["diff", "control-plane"], fake("e")),
    project().anywhere(["deploy", "--auto-approve"], fake("d")),
    project().anywhere(["diff", "control-plane"], fake("e")),
  ]);
  expect(second.exitCode).toBe(1);
  expect(`${second.stdout}${second.stderr}`).toMatch(
    /npx cdktf is already working on environment d in cdktf\.out \(process \d+ of .*, since .*\), .*--output cdktf\.e\./,
  );
  expect(deploy.exitCode).toBe(1);
  expect(deploy.stderr).toMatch(/is working on cli-d in this checkout with npx cdktf \(process \d+ on /);
  expect(other).toMatchObject({ exitCode: 0, stdout: diffOf("e") });

  writeFileSync(FAKE_PLAN_AWAITS, "");
  expect(await first).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("cli-d--control-plane.tfstate"),
  });
  expect(await cdktf(["diff", "control-plane"], fake("e"))).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("cli-e--control-plane.tfstate"),
  });
  expect(existsSync(at("cdktf.out/stacks"))).toBe(false);
});
