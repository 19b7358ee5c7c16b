import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import type { Environment } from "../../config/schema";
import { mustRun } from "../../demo/command";
import { signingKeyFingerprint } from "../../local-cloud/nodes/origin/signature";
import { startLocalCloud, type LocalCloud } from "../../local-cloud/start";
import { checkOut, type Checkout } from "../support/files/checkout";

jest.setTimeout(600_000);

const directory = resolve(".local-cloud/tests/opentofu");
const hasTofu = (process.env["PATH"] ?? "")
  .split(delimiter)
  .some((folder) => existsSync(join(folder, "tofu")));
const testOfTofu = hasTofu ? test : test.skip;

let cloud: LocalCloud;
let terraform: Checkout;
/** The same checkout. */
let tofu: Checkout;

beforeAll(async () => {
  if (!hasTofu) {
    return;
  }
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  cloud = await startLocalCloud({ directory, output: openSync(join(directory, "cloud.log"), "w") });
  terraform = checkOut(cloud, join(directory, "checkout"));
  tofu = terraform.with({ TERRAFORM_BINARY_NAME: "tofu" });
}, 300_000);

afterAll(async () => {
  if (hasTofu) {
    await cloud.stop();
  }
});

const environment = (...servers: readonly string[]): Environment => ({
  name: "open",
  aws: { region: "eu-west-1", accountId: "123456789012" },
  installer: { signingKey: signingKeyFingerprint },
  sites: {
    berlin: { kind: "on-premises", nodes: Object.fromEntries(servers.map((server) => [server, {}])) },
  },
});

const deploy = ["deploy", "--auto-approve"];
const lockOf = (stack: string) =>
  readFileSync(join(terraform.folder, terraform.folderOf(stack), ".terraform.lock.hcl"), "utf8");

testOfTofu(
  "Terraform and OpenTofu take turns in one checkout, and neither plans a change after the other",
  async () => {
    terraform.configure(environment("rack-1"));
    expect(await terraform.anywhere(...deploy)).toSucceed();
    expect(await tofu.anywhere("diff")).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("control-plane  | tofu plan\n"),
    });
    tofu.configure(environment("rack-1", "rack-2"));
    expect(await tofu.anywhere(...deploy)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/activations +1 added, 0 changed, 0 destroyed/),
    });
    expect(await terraform.anywhere("diff")).toSucceed();
    // Neither has put the other's providers there.
    expect(lockOf("control-plane")).toContain('provider "registry.terraform.io/hashicorp/aws"');
    expect(lockOf("control-plane")).not.toContain("opentofu.org");
  },
);

testOfTofu("plain OpenTofu plans and applies in the folder of a stack", async () => {
  const folder = tofu.folderOf("activations");
  const run = (...args: readonly string[]) => mustRun(tofu.command("tofu", args, folder));
  await run("init", "-input=false", "-no-color");
  expect(await run("plan", "-input=false", "-no-color")).toContain("No changes.");
  await run("apply", "-auto-approve", "-no-color", '-replace=aws_ssm_activation.node["berlin/rack-2"]');
});

testOfTofu("OpenTofu destroys what both have deployed", async () => {
  expect(await tofu.anywhere("destroy", "--auto-approve")).toSucceed();
  expect(await terraform.anywhere("destroy", "--auto-approve")).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("control-plane  | Has no resources: nothing to destroy."),
  });
});
