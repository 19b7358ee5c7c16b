import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { oneSite } from "../support/synthesis/environments";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cli-synth-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs `anywhere synth` with nothing but these variables: no credentials, no Terraform. */
function synth(environment: string, outdir = folder, more: NodeJS.ProcessEnv = {}) {
  return new Promise<{ code: unknown; stdout: string; stderr: string }>((done) => {
    const variables = { ...more, PATH: "/nonexistent", ANYWHERE_ENV: environment, CDKTF_OUTDIR: outdir };
    execFile(process.execPath, ["cli/anywhere.js", "synth"], { env: variables }, (error, stdout, stderr) => {
      done({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

test("every stack is written, in the order of a deploy, and the environment is named", async () => {
  const stacks = [
    "control-plane",
    "activations",
    "compute-ams3",
    "compute-berlin",
    "service-api",
    "service-web",
    "service-worker",
    "jobs",
  ];
  expect(await synth("prod")).toEqual({
    code: 0,
    stdout: stacks.map((id) => `${relative(process.cwd(), join(folder, "prod/stacks", id))}\n`).join(""),
    stderr: "environment: prod (config/environments/prod.ts)\n",
  });
  expect(stacks.every((id) => existsSync(join(folder, "prod/stacks", id, "cdk.tf.json")))).toBe(true);
});

test("an unknown environment writes nothing", async () => {
  const { code, stdout, stderr } = await synth("staging");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("choose one of dev, local, prod");
  expect(readdirSync(folder)).toEqual([]);
});

test("a task definition that ECS would refuse is reported with its file before any stack is written", async () => {
  const file = join(folder, "long.json");
  const environment = { TEXT: "x".repeat(70_000) };
  writeFileSync(
    file,
    JSON.stringify({ ...oneSite, services: { web: { ...oneSite.services.web, environment } } }),
  );
  const named = relative(process.cwd(), file);
  expect(await synth(file)).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(
      new RegExp(
        `^environment: long \\(${named}\\)\\nSynthesis failed \\(exit code 1\\):\\nenvironment: long \\(${named}\\)\\n` +
          `${named}: services\\.web\\.environment makes the task definition at site ams3 \\d+ bytes long, of which it takes \\d+, and ECS accepts 65536: [^\\n]+\\n$`,
      ),
    ) as unknown,
  });
  expect(readdirSync(join(folder, "long/stacks"))).toEqual([]);
});

test("the process that writes the stacks reads no certificates of other authorities", async () => {
  const file = join(folder, "long.json");
  const environment = { TEXT: "x".repeat(70_000) };
  const services = { web: { ...oneSite.services.web, environment } };
  writeFileSync(file, JSON.stringify({ ...oneSite, services }));
  // Each process of Node.js that reads them warns that they are missing.
  const { stderr } = await synth(file, folder, { NODE_EXTRA_CA_CERTS: join(folder, "missing.pem") });
  expect(stderr).toContain("Synthesis failed");
  expect(stderr.match(/Ignoring extra certs/g)).toHaveLength(1);
});

test("a service and a job that no node can run are told in a line each, and written all the same", async () => {
  const file = join(folder, "idle.json");
  const sites = { ams3: { ...oneSite.sites.ams3, nodes: 0 } };
  const jobs = { report: { image: "registry.example/shop/app:v1", schedule: "rate(1 hour)", site: "ams3" } };
  writeFileSync(file, JSON.stringify({ ...oneSite, sites, jobs }));
  const named = relative(process.cwd(), file);
  const { code, stderr } = await synth(file);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr:
      `environment: idle (${named})\n` +
      `${named}: services.web runs nowhere, since site ams3 has no nodes: it starts once there is one\n` +
      `${named}: jobs.report runs nowhere, since site ams3 has no nodes: each run is skipped until there is one\n`,
  });
  expect(existsSync(join(folder, "idle/stacks/service-web/cdk.tf.json"))).toBe(true);
});

test("an output folder that can't be made is told in one line, without a stack trace", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  const line = "environment: dev (config/environments/dev.ts)\n";
  expect(await synth("dev", file)).toEqual({
    code: 1,
    stdout: "",
    stderr: `${line}Synthesis failed (exit code 1):\n${line}CDKTF_OUTDIR is ${JSON.stringify(file)}, where the output can't be written (ENOTDIR: not a directory, stat '${file}/dev'): set it to a folder that you can write to, or unset it for cdktf.out\n`,
  });
});
