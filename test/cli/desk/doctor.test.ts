import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020";
import type { DoctorReport } from "../../../cli/report/schemas/doctor-report";
import { reportSchemas } from "../../../cli/report/schemas";
import { startDeskStage, type DeskStage } from "../../support/stages/desk-stage";
import { fakeTerraform } from "../project";
import { serveAws, type StandInAws } from "../checks/stand-in-aws";

// Each command takes several seconds, and many where others are at work on the computer.
jest.setTimeout(180_000);

const account = "123456789012";
const outdir = mkdtempSync(join(tmpdir(), "doctor-"));
let stage: DeskStage;
/** The caller and its permissions; the local cloud's own knowledge of them needs more than a stage. */
let aws: StandInAws;

beforeAll(async () => {
  aws = await serveAws(account);
  stage = await startDeskStage({
    sites: {
      ams3: { kind: "digitalocean", region: "ams3", nodes: 1 },
      berlin: { kind: "on-premises", nodes: { "rack-1": {} } },
    },
    services: { web: { image: "registry.example/shop/app:v7" } },
    jobs: { report: { image: "registry.example/shop/app:v7", schedule: "rate(1 day)", site: "berlin" } },
  });
}, 600_000);

afterAll(async () => {
  await stage.close();
  await aws.close();
  rmSync(outdir, { recursive: true });
});

beforeEach(() => {
  Object.assign(aws.behaviour, { account, role: undefined, decisions: {}, behind: 0 });
  aws.asked();
});

const variables = () => ({
  TERRAFORM_BINARY_NAME: fakeTerraform,
  RECORD: join(outdir, "record"),
  AWS_ENDPOINT_URL_STS: aws.url,
  AWS_ENDPOINT_URL_IAM: aws.url,
  CDKTF_OUTDIR: outdir,
});

async function examined(more: NodeJS.ProcessEnv = {}) {
  const { exitCode, stdout, stderr } = await stage.anywhere(["doctor", "--json"], {
    ...variables(),
    ...more,
  });
  expect(stderr).toBe("");
  const report = JSON.parse(stdout) as DoctorReport;
  const validate = new Ajv2020().compile(reportSchemas().get("doctor") ?? {});
  validate(report);
  expect(validate.errors).toBeNull();
  // Whether the plugin is there is this computer's affair.
  const findings = report.findings.filter(({ about }) => about !== "Session Manager plugin");
  const of = (about: string) =>
    findings.filter((one) => one.about === about).map(({ state, message }) => `${state}: ${message}`);
  return { exitCode, report, findings, of };
}

test("when all is well, every check is listed, with the versions of programs, and the exit code is 0", async () => {
  const { exitCode, report, findings, of } = await examined();
  expect(findings.filter(({ state }) => state !== "ok")).toEqual([]);
  expect({ exitCode, deployment: report.deployment }).toEqual({ exitCode: 0, deployment: "anywhere" });
  expect(of("Node.js")).toEqual([`ok: ${process.versions.node}`]);
  expect(of("Terraform")).toEqual([expect.stringMatching(/^ok: \S+ \d+\.\d+\.\d+/)]);
  expect(of("scripts")).toEqual([expect.stringMatching(/^ok: bash \d\S+, aws \d\S+$/)]);
  expect(of("images")).toEqual(["ok: none is built"]);
  expect(of("drift")).toEqual(["ok: nothing is deployed yet"]);
  expect(of("AWS")).toEqual([`ok: account ${account}, states in the folder state`]);
  expect(of("AWS caller")).toEqual([`ok: arn:aws:iam::${account}:user/test`]);
  expect(of("AWS permissions")).toEqual([
    expect.stringMatching(/^ok: all \d+ required actions are allowed$/),
  ]);
  expect(of("DigitalOcean")).toEqual(["ok: token, scopes, quota, sizes and images are sufficient for ams3"]);
  expect(of("clock")).toEqual([expect.stringMatching(/^ok: \d+ s /)]);
  expect(of("deployment")).toEqual(["ok: no problems"]);
  expect(aws.asked()).toEqual([
    "GetCallerIdentity",
    `SimulatePrincipalPolicy arn:aws:iam::${account}:user/test`,
  ]);
});

test("problems are reported with their remedies, and the exit code is 2", async () => {
  Object.assign(aws.behaviour, {
    role: "deployer",
    decisions: { "ecs:CreateCluster": "explicitDeny", "scheduler:CreateSchedule": "implicitDeny" },
    behind: 600,
  });
  stage.lose("ams3/node-1", { ecs: true, ssm: false });
  const { exitCode, of } = await examined({ DIGITALOCEAN_TOKEN: "" });
  expect(exitCode).toBe(2);
  expect(of("DigitalOcean")).toEqual([
    "fail: no DigitalOcean token for site ams3: set DIGITALOCEAN_TOKEN to an API token with read and write scope",
  ]);
  expect(of("AWS permissions")).toEqual([
    "fail: a policy denies ecs:CreateCluster: remove that from it",
    "warn: no policy allows scheduler:CreateSchedule for every resource: allow them, unless a policy already allows them for this deployment's own resources",
  ]);
  expect(of("clock")).toEqual([
    expect.stringMatching(
      /^fail: (599|60\d) s ahead of AWS's: set it by NTP \("timedatectl set-ntp true"\); /,
    ),
  ]);
  expect(of("deployment")).toEqual([
    expect.stringMatching(/^fail: DigitalOcean can't be queried: /),
    expect.stringMatching(/^warn: problems: 1; "npx anywhere status" shows them/),
  ]);
  expect(aws.asked()).toContain(`SimulatePrincipalPolicy arn:aws:iam::${account}:role/people/deployer`);
});

test("permissions that can't be checked with IAM are a warning, with the remedy where IAM denies the check", async () => {
  aws.behaviour.decisions = undefined;
  const denied = await examined();
  expect(denied.exitCode).toBe(0);
  expect(denied.of("AWS permissions")).toEqual([
    "warn: not checked (AccessDenied: Denied.): allow the caller iam:SimulatePrincipalPolicy and iam:GetRole to have them checked",
  ]);
  const unreachable = await examined({ AWS_ENDPOINT_URL_IAM: "http://127.0.0.1:1" });
  expect(unreachable.exitCode).toBe(0);
  expect(unreachable.of("AWS permissions")).toEqual([
    expect.stringMatching(/^warn: not checked \([^()]*ECONNREFUSED[^()]*\)$/),
  ]);
});

test("credentials of another account are reported once, and nothing else is reported about AWS", async () => {
  aws.behaviour.account = "444455556666";
  const { exitCode, of } = await examined();
  expect(exitCode).toBe(2);
  expect(of("AWS")).toEqual([expect.stringContaining("the AWS credentials belong to account 444455556666")]);
});

test("an invalid environment file is reported, together with the checks that need none", async () => {
  stage.configure({ sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 501 } }, jobs: {} });
  const { exitCode, report, of } = await examined();
  stage.configure({});
  expect({ exitCode, deployment: report.deployment }).toEqual({ exitCode: 2, deployment: null });
  expect(of("config")).toEqual([
    expect.stringMatching(/^fail: .*environment\.json: sites\.ams3\.nodes must be /),
  ]);
  expect(of("Node.js")).toEqual([expect.stringMatching(/^ok: /)]);
  expect(aws.asked()).toEqual([]);
});

test("a service that no node can run is a warning", async () => {
  stage.configure({ sites: { berlin: { kind: "on-premises", nodes: {} } }, jobs: {} });
  const { of } = await examined();
  stage.configure({});
  expect(of("config")).toEqual([
    expect.stringMatching(
      /^warn: .*environment\.json: services\.web runs nowhere, since site berlin has no nodes: it starts once there is one$/,
    ),
  ]);
});

test("people see a line for each check, in 80 columns", async () => {
  const { stdout } = await stage.anywhere(["doctor"], variables());
  const lines = stdout.split("\n");
  expect(lines.filter((line) => /^(ok|warn|fail) /.test(line)).length).toBeGreaterThan(10);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
});
