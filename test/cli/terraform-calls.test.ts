import { expect, jest, test } from "@jest/globals";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fakeState, fakeTerraform, useProject } from "./project";

jest.setTimeout(20_000);

const project = useProject();

const run = (args: string[], variables: NodeJS.ProcessEnv = {}) =>
  project().anywhere(args, { TERRAFORM_BINARY_NAME: fakeTerraform, FAKE_CHANGES: "1", ...variables });

/** Calls with what is different each time left out. */
const calls = (stack: string) =>
  project()
    .lines("record")
    .filter((line) => line.startsWith(`${stack}: `))
    .map((line) => line.replaceAll(/[^\s=]*\/anywhere-plan-\w+/g, "FOLDER"));

test("a deploy initialises a stack once, reads its state once, and applies exactly the plan that it showed", async () => {
  expect(await run(["deploy", "control-plane", "--auto-approve"])).toSucceed();
  expect(calls("control-plane")).toEqual([
    "control-plane: init -input=false -no-color",
    "control-plane: state pull",
    "control-plane: plan -no-color -input=false -detailed-exitcode -out=FOLDER/plan",
    "control-plane: apply -no-color FOLDER/plan",
  ]);
  expect(
    project()
      .lines("record")
      .filter((line) => line.includes(": apply")),
  ).toHaveLength(1);
});

test("a stack without changes is planned, and not applied", async () => {
  expect(await run(["deploy", "control-plane", "--auto-approve"], { FAKE_CHANGES: "" })).toMatchObject({
    exitCode: 0,
  });
  expect(calls("control-plane").map((line) => line.split(" ")[1])).toEqual(["state", "plan"]);
});

test.each([["deploy", "--auto-approve"], ["diff"]])(
  "a %s with nothing to do asks Terraform for its version, each state and each plan once",
  async (...args) => {
    const stacks = ["control-plane", "activations", "compute-office", "service-web"];
    const variables = { FAKE_STATE: fakeState(project(), ["office/rack-1"]), FAKE_CHANGES: "" };
    expect(await run(args, variables)).toSucceed();
    // From now on the stacks are initialised.
    rmSync(join(project().folder, "record"));
    expect(await run(args, variables)).toSucceed();
    expect(project().lines("record")).toHaveLength(1 + 2 * stacks.length);
    expect(project().lines("record")[0]).toMatch(/: version -json$/);
    for (const stack of stacks) {
      expect(calls(stack)).toEqual([
        `${stack}: state pull`,
        `${stack}: plan -no-color -input=false -detailed-exitcode -out=FOLDER/plan`,
      ]);
    }
  },
);

test("a stack that Terraform wants initialised again is initialised, and then planned", async () => {
  const FAKE_STALE = join(project().folder, "stale");
  await run(["diff", "control-plane"], { FAKE_CHANGES: "" });
  writeFileSync(FAKE_STALE, "");
  rmSync(join(project().folder, "record"));
  expect(await run(["diff", "control-plane"], { FAKE_STALE, FAKE_CHANGES: "" })).toSucceed();
  const asked = calls("control-plane").map((line) => line.split(" ")[1]);
  expect(asked).toEqual(["state", "init", "state", "plan"]);
});

test("Terraform runs with a plugin cache, without calling home, and with each stack's data in its own folder", async () => {
  await run(["deploy", "control-plane", "--auto-approve"], {
    TF_LOG: "ERROR",
    TF_DATA_DIR: "/tmp/of-all-stacks",
  });
  expect([...new Set(project().lines("record.variables"))]).toEqual([
    "CHECKPOINT_DISABLE=1",
    "GOGC=400",
    "TF_IN_AUTOMATION=1",
    "TF_LOG=ERROR",
    `TF_PLUGIN_CACHE_DIR=${join(project().folder, "plugins")}`,
    "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE=1",
  ]);
});

test("a user's GOGC is kept", async () => {
  await run(["diff", "control-plane"], { GOGC: "50" });
  expect(project().lines("record.variables")).toContain("GOGC=50");
});

test("a CLI configuration file is passed on if it exists, and ignored if it doesn't", async () => {
  const cliConfig = join(project().folder, "terraformrc");
  await run(["deploy", "control-plane", "--auto-approve"], { TF_CLI_CONFIG_FILE: cliConfig });
  expect(project().lines("record.variables").join()).not.toContain("TF_CLI_CONFIG_FILE");
  writeFileSync(cliConfig, "");
  await run(["deploy", "control-plane", "--auto-approve"], { TF_CLI_CONFIG_FILE: cliConfig });
  expect(project().lines("record.variables")).toContain(`TF_CLI_CONFIG_FILE=${cliConfig}`);
});

test("no secret in an environment variable reaches a command line or the output", async () => {
  const { stdout, stderr } = await run(["deploy", "control-plane", "--auto-approve"], {
    DIGITALOCEAN_TOKEN: "dop_v1_secret",
    AWS_SECRET_ACCESS_KEY: "aws-secret",
  });
  const seen = [stdout, stderr, ...project().lines("record")].join("\n");
  expect(seen).not.toMatch(/dop_v1_secret|aws-secret/);
  expect(seen).toContain("control-plane: apply");
});

test("an image that has vanished from ECR is planned and pushed again", async () => {
  const state = join(project().folder, "image.tfstate");
  const triggers = {
    REPOSITORY: "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/app",
    TAG: "0123456789abcdef",
    ACCOUNT: "111122223333",
    AWS_REGION: "eu-west-1",
  };
  const image = {
    mode: "managed",
    type: "null_resource",
    name: "image",
    instances: [{ attributes: { triggers } }],
  };
  const outputs = { execution_role_arns: { value: { web: "role" } } };
  writeFileSync(state, JSON.stringify({ version: 4, lineage: "one", outputs, resources: [image] }));
  project().aws.behaviour.imageError = "ImageNotFoundException";
  try {
    const variables = { FAKE_STATE: state };
    const planned = await run(["diff", "service-web"], variables);
    const deployed = await run(["deploy", "service-web", "--auto-approve"], variables);
    expect([planned.exitCode, deployed.exitCode]).toEqual([2, 0]);
    for (const { stderr } of [planned, deployed]) {
      expect(stderr).toContain("/shop/app:0123456789abcdef is no longer in ECR: ");
    }
    expect(calls("service-web").filter((line) => /: (plan|apply) /.test(line))).toEqual([
      expect.stringMatching(/^service-web: plan .* -replace=null_resource\.image$/),
      expect.stringMatching(/^service-web: plan .* -replace=null_resource\.image$/),
      "service-web: apply -no-color FOLDER/plan",
    ]);
  } finally {
    project().aws.behaviour.imageError = undefined;
  }
});
