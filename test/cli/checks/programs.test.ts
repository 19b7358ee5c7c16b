import { expect, test } from "@jest/globals";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scriptProblems } from "../../../cli/checks/scripts";
import { terraformProblems } from "../../../cli/checks/terraform";
import type { Environment } from "../../../config/schema";
import { useDesk } from "./undertaking";

const desk = useDesk();

const terraform = (version: string, environment: Partial<Environment> = {}) => {
  const PATH = desk().programs({ terraform: `echo 'Warning: { "terraform_version": "${version}" }'` });
  return terraformProblems(desk().undertake({ environment, variables: { PATH } }));
};

test.each(["0.15.5", "1.8.5", "1.8.10"])("Terraform %s is too old", async (version) => {
  expect(await terraform(version)).toEqual([
    `terraform is version ${version}: install Terraform 1.9 or later, or OpenTofu 1.10 or later (set TERRAFORM_BINARY_NAME=tofu)`,
  ]);
});

test.each(["1.9.0", "1.10.0", "1.12.0-beta1", "2.0.0"])("Terraform %s is supported", async (version) => {
  expect(await terraform(version)).toEqual([]);
});

test("OpenTofu has its own minimum version, chosen by the program's name", async () => {
  const tofu = (version: string) => {
    const PATH = desk().programs({ tofu: `echo '{ "terraform_version": "${version}" }'` });
    return terraformProblems(desk().undertake({ variables: { PATH, TERRAFORM_BINARY_NAME: "tofu" } }));
  };
  expect(await tofu("1.9.4")).toEqual(["tofu is version 1.9.4: install OpenTofu 1.10 or later"]);
  expect(await tofu("1.10.0")).toEqual([]);
});

test("the lock of backend s3 needs Terraform 1.10", async () => {
  const backend = { kind: "s3", bucket: "states", region: "eu-west-1" } as const;
  expect(await terraform("1.10.0", { backend })).toEqual([]);
  expect(await terraform("1.9.8", { backend })).toEqual([
    "terraform is version 1.9.8: install Terraform 1.10 or later, or OpenTofu 1.10 or later (set TERRAFORM_BINARY_NAME=tofu), which backend s3 needs to lock its states",
  ]);
});

const good = { bash: "echo '3.2.57(1)-release'", aws: "echo aws-cli/2.15.0 Python/3.11.6 Linux/6.1" };
const scripts = (
  lines: Readonly<Record<string, string>>,
  command: "deploy" | "destroy" | "diff" = "deploy",
  stacks: readonly string[] = ["compute-ams3"],
) => scriptProblems(desk().undertake({ command, stacks, variables: { PATH: desk().programs(lines) } }));

const wantedBash = "bash 3.2 or later, which the scripts that Terraform runs are written for";
const wantedAws =
  "the AWS CLI 2.2 or later (https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html), or 1.19 or later (pip install awscli)";

test("a deploy and a destroy report that bash and the AWS CLI are missing", async () => {
  const both = [
    `bash can't be run (ENOENT): install ${wantedBash}`,
    `aws can't be run (ENOENT): install ${wantedAws}`,
  ];
  expect(await scripts({})).toEqual(both);
  expect(await scripts({}, "destroy")).toEqual(both);
});

test("a ~/.bashrc, which bash reads when it takes itself for a remote shell, doesn't affect the version check", async () => {
  const home = desk().folder;
  writeFileSync(join(home, ".bashrc"), "echo '1.0.0(1)-release'; exit 1\n");
  const PATH = `${desk().programs({ aws: good.aws })}:${process.env["PATH"] ?? ""}`;
  expect(await scriptProblems(desk().undertake({ variables: { PATH, HOME: home } }))).toEqual([]);
});

test("neither a diff nor a stack without scripts needs bash or the AWS CLI", async () => {
  expect(await scripts({}, "diff")).toEqual([]);
  expect(await scripts({}, "deploy", ["control-plane"])).toEqual([]);
});

test("where HCP Terraform runs Terraform, neither bash nor the AWS CLI is needed here", async () => {
  const check = (execution: "local" | "remote") =>
    scriptProblems(
      desk().undertake({
        stacks: ["compute-ams3"],
        environment: { backend: { kind: "cloud", organization: "acme", execution } },
        variables: { PATH: desk().programs({}) },
      }),
    );
  expect(await check("local")).toHaveLength(2);
  expect(await check("remote")).toEqual([]);
});

test.each(["2.2.0", "2.15.30", "1.19.0", "1.45.11", "3.0.0"])("AWS CLI %s is supported", async (version) => {
  expect(await scripts({ ...good, aws: `echo aws-cli/${version} Python/3` })).toEqual([]);
});

test.each(["2.1.39", "1.18.999", "0.9.0"])("AWS CLI %s is too old", async (version) => {
  expect(await scripts({ ...good, aws: `echo aws-cli/${version} Python/3 >&2` })).toEqual([
    `aws is version ${version}: install ${wantedAws}`,
  ]);
});

test("a broken AWS CLI and an old bash are reported with their output", async () => {
  const broken = "printf 'Traceback:\\n  no module\\n' >&2; exit 1";
  expect(await scripts({ bash: "echo '3.1.23(1)-release'", aws: broken })).toEqual([
    `bash is version 3.1.23(1)-release: install ${wantedBash}`,
    `"aws --version" doesn't print a version (exit code 1) Traceback: no module: install ${wantedAws}`,
  ]);
});
