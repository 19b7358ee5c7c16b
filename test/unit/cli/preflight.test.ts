import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accountId, createProject, fakeTerraform, type Project } from "./project";

jest.setTimeout(20_000);

let project: Project;

beforeAll(async () => {
  project = await createProject();
});

afterAll(() => project.remove());

beforeEach(() => {
  project.configure({});
});

afterEach(() => {
  rmSync(join(project.folder, "record"), { force: true });
  rmSync(join(project.folder, "cdktf.out"), { recursive: true, force: true });
});

const diff = (variables: NodeJS.ProcessEnv = {}, ...stacks: string[]) =>
  project.anywhere(["diff", ...stacks], { TERRAFORM_BINARY_NAME: fakeTerraform, ...variables });

const header = "environment: environment (environment.json)\n";

test("says everything that is missing at once, and starts nothing", async () => {
  project.configure({ sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 1 } } });
  const { exitCode, stdout, stderr } = await diff({
    TERRAFORM_BINARY_NAME: "/nowhere/terraform",
    AWS_ACCESS_KEY_ID: "",
    AWS_SECRET_ACCESS_KEY: "",
  });
  expect(exitCode).toBe(1);
  expect(stdout).toBe("");
  expect(stderr.replace(/\(Could not[^)]*\)/, "(…)")).toBe(
    `${header}Nothing was started:
- /nowhere/terraform can't be run (ENOENT): install Terraform 1.9 or later, or OpenTofu 1.9 or later (set TERRAFORM_BINARY_NAME=tofu)
- no usable AWS credentials (…): set AWS_PROFILE, run "aws sso login", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
- no DigitalOcean token for site ams3: set DIGITALOCEAN_TOKEN to an API token with read and write scope
`,
  );
  expect(existsSync(join(project.folder, "cdktf.out"))).toBe(false);
});

test.each(["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"])("takes the token of %s", async (variable) => {
  project.configure({ sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 1 } } });
  expect(await diff({ [variable]: "test" })).toMatchObject({ exitCode: 2 });
});

test.each(["0.15.5", "1.8.5", "1.8.10"])("refuses Terraform %s", async (version) => {
  const { exitCode, stderr } = await diff({ FAKE_VERSION: version });
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    `${header}Nothing was started:\n- ${fakeTerraform} is version ${version}: ` +
      "install Terraform 1.9 or later, or OpenTofu 1.9 or later (set TERRAFORM_BINARY_NAME=tofu)\n",
  );
});

test.each(["1.9.0", "1.10.0", "1.12.0-beta1", "2.0.0"])("takes Terraform %s", async (version) => {
  expect(await diff({ FAKE_VERSION: version })).toMatchObject({ exitCode: 2 });
});

test("tells rejected credentials, another account and an unreachable endpoint apart", async () => {
  const rejected = await diff({ AWS_ACCESS_KEY_ID: "stale" });
  expect(rejected.stderr).toContain("- AWS rejects the credentials (InvalidClientTokenId: ");

  project.configure({ aws: { region: "eu-west-1", accountId: "444455556666" } });
  const other = await diff();
  expect(other.stderr).toContain(
    `- the AWS credentials are of account ${accountId} (arn:aws:iam::${accountId}:user/test), ` +
      "and environment.json says aws.accountId 444455556666: ",
  );

  const unreachable = await diff({ AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
  expect(unreachable.stderr).toContain("- AWS STS can't be reached (connect ECONNREFUSED 127.0.0.1:1): ");
  expect([rejected, other, unreachable].map(({ exitCode }) => exitCode)).toEqual([1, 1, 1]);
});

test("leaves the account to Terraform where only a proxy leads to AWS", async () => {
  const { exitCode, stderr } = await diff({
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
    HTTPS_PROXY: "http://proxy.example:3128",
  });
  expect(exitCode).toBe(2);
  expect(stderr).toContain("The AWS account was not checked: ");
});

test("shows what is wrong with the config, and nothing else", async () => {
  project.configure({ name: "NO" });
  const { exitCode, stdout, stderr } = await diff();
  expect(exitCode).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^environment\.json: name must be .*\n$/);
  expect(project.lines("record")).toEqual([]);
});

test.each(["deploy", "destroy"])(
  "%s without a terminal wants --auto-approve, before anything else",
  async (command) => {
    project.configure({ name: "NO" });
    expect(await project.anywhere([command])).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "There is no terminal to approve Terraform's plans at: add --auto-approve.\n",
    });
  },
);

test("names the stacks there are when one isn't", async () => {
  const { exitCode, stderr } = await diff({}, "compute-ams3", "application");
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    `${header}No stack is called compute-ams3: this environment has control-plane, activations, compute-office, application.\n`,
  );
  expect(project.lines("record").map((line) => line.split(": ")[1])).toEqual(["version -json"]);
});

test("refuses unknown options and commands, with the help that applies", async () => {
  const option = await project.anywhere(["diff", "--force"]);
  expect(option.exitCode).toBe(1);
  expect(option.stderr).toMatch(/^error: unknown option '--force'\n\nUsage: anywhere diff /);
  const command = await project.anywhere(["apply"]);
  expect(command.exitCode).toBe(1);
  expect(command.stderr).toMatch(/^error: unknown command 'apply'/);
});

test("shows why a synthesis failed", async () => {
  writeFileSync(join(project.folder, "main.ts"), 'throw new Error("no such construct");\n');
  const { exitCode, stderr } = await diff();
  expect(exitCode).toBe(1);
  expect(stderr).toContain("Synthesis failed (exit code 1):");
  expect(stderr).toContain("Error: no such construct");
});
