import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Environment } from "../../config/schema";
import { closeServer, listen } from "../../local-cloud/http-server";
import { accountId, createProject, exitCode, fakeTerraform, onPremises, type Project } from "./project";

jest.setTimeout(20_000);

let project: Project;

beforeAll(async () => {
  project = await createProject();
  mkdirSync(join(project.folder, "app"));
  writeFileSync(join(project.folder, "app/Dockerfile"), "FROM scratch\n");
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

const droplets: Partial<Environment> = {
  sites: { ams3: { kind: "digitalocean", region: "ams3", nodes: 1 } },
};
const built: Partial<Environment> = {
  images: { app: { build: "app" } },
  services: { web: { image: "app", http: { port: 8080 } } },
};

const header = "environment: environment (environment.json)\n";

test("reports everything that is missing at once, and starts nothing", async () => {
  project.configure({ ...droplets, ...built, backend: { kind: "cloud", organization: "example" } });
  const { exitCode, stdout, stderr } = await project.anywhere(["deploy", "--auto-approve"], {
    PATH: "/nowhere",
    TERRAFORM_BINARY_NAME: "/nowhere/terraform",
    AWS_ACCESS_KEY_ID: "",
    AWS_SECRET_ACCESS_KEY: "",
  });
  expect(exitCode).toBe(1);
  expect(stdout).toBe("");
  expect(stderr.replace(/\(Could not[^)]*\)/, "(…)")).toBe(
    `${header}Nothing was started:
- /nowhere/terraform can't be run (ENOENT): install Terraform 1.9 or later, or OpenTofu 1.10 or later (set TERRAFORM_BINARY_NAME=tofu)
- bash can't be run (ENOENT): install bash 3.2 or later, which the scripts that Terraform runs are written for
- aws can't be run (ENOENT): install the AWS CLI 2.2 or later (https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html), or 1.19 or later (pip install awscli)
- the image cli-test/app:0123abcd may have to be built, since Amazon ECR can't be asked, and docker can't be run (ENOENT): install Docker (https://docs.docker.com/engine/install/), or push the image from another computer and use its URI
- no usable AWS credentials (…): set AWS_PROFILE, run "aws sso login", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
- no token for app.terraform.io: run "terraform login app.terraform.io", or set TF_TOKEN_app_terraform_io to one
- no DigitalOcean token for site ams3: set DIGITALOCEAN_TOKEN to an API token with read and write scope
`,
  );
  expect(project.lines("record")).toEqual([]);
});

test("a machine without Docker deploys nothing when an image has to be built", async () => {
  project.configure(built);
  project.aws.behaviour.imageError = "RepositoryNotFoundException";
  const { exitCode, stdout, stderr } = await project.anywhere(["deploy", "--auto-approve"], {
    PATH: project.programs({ aws: "echo aws-cli/2.15.0" }),
    TERRAFORM_BINARY_NAME: fakeTerraform,
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toBe(
    `${header}Nothing was started:\n- the image cli-test/app:0123abcd has to be built, and docker can't be run (ENOENT): ` +
      "install Docker (https://docs.docker.com/engine/install/), or push the image from another computer and use its URI\n",
  );
  expect(project.lines("record").map((line) => line.split(": ")[1])).toEqual(["version -json"]);
});

test("checks run side by side, and end even when nothing ever answers", async () => {
  const silent = createServer();
  await listen(silent, { host: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const hostname = new URL(url).host;
  project.configure({ ...droplets, ...built, backend: { kind: "cloud", organization: "example", hostname } });
  const sleep = "exec /bin/sleep 60";
  const begin = Date.now();
  const { exitCode, stderr } = await project.anywhere(["deploy", "--auto-approve"], {
    PATH: project.programs({ terraform: sleep, bash: sleep, aws: sleep, docker: sleep }),
    AWS_ENDPOINT_URL: url,
    DIGITALOCEAN_API_URL: url,
    DIGITALOCEAN_TOKEN: "test",
    [`TF_TOKEN_${hostname.replaceAll(".", "_")}`]: "test",
  });
  const seconds = (Date.now() - begin) / 1000;
  await closeServer(silent);
  expect(exitCode).toBe(1);
  const subjects = stderr.split("\n").filter((line) => line.startsWith("- "));
  expect(
    subjects.map((line) =>
      line
        .slice(2)
        .replace(/(doesn't|can't|may have) .*/, "")
        .trim(),
    ),
  ).toEqual(["the image cli-test/app:0123abcd", "AWS STS", hostname, "DigitalOcean's API"]);
  // These are there, and may be slow for once.
  for (const program of ["terraform", "bash", "aws"]) {
    expect(stderr).toContain(`The version of ${program} was not checked: no answer within 8 seconds.\n`);
  }
  // One after the other they would take 47; a busy machine needs some for Node.js and for the synthesis.
  expect(seconds).toBeLessThan(30);
}, 60_000);

test("tells rejected credentials, another account and an unreachable endpoint apart", async () => {
  const rejected = await diff({ AWS_ACCESS_KEY_ID: "stale" });
  expect(rejected.stderr).toContain("- AWS rejects the credentials (InvalidClientTokenId: ");

  project.configure({ aws: { region: "eu-west-1", accountId: "444455556666" } });
  const other = await diff();
  expect(other.stderr).toContain(
    `- the AWS credentials belong to account ${accountId} (arn:aws:iam::${accountId}:user/test), ` +
      "and environment.json says aws.accountId 444455556666: ",
  );

  const unreachable = await diff({ AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
  expect(unreachable.stderr).toContain("- AWS STS can't be reached (connect ECONNREFUSED 127.0.0.1:1): ");
  expect([rejected, other, unreachable].map(({ exitCode }) => exitCode)).toEqual([1, 1, 1]);
});

test("leaves the check of the account to Terraform where only a proxy reaches AWS", async () => {
  const { exitCode, stderr } = await diff({
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
    HTTPS_PROXY: "http://proxy.example:3128",
  });
  expect(exitCode).toBe(2);
  expect(stderr).toContain("The AWS account was not checked: ");
});

test.each(["diff", "deploy"])("%s says what no node can run, and goes on", async (command) => {
  project.configure({ sites: { office: onPremises() } });
  const { stderr } = await project.anywhere([command, ...(command === "deploy" ? ["--auto-approve"] : [])], {
    TERRAFORM_BINARY_NAME: fakeTerraform,
  });
  expect(stderr).toContain(
    `${header}environment.json: services.web runs nowhere, since site office has no nodes: it starts once there is one\n`,
  );
  expect(stderr.match(/runs nowhere/g)).toHaveLength(1);
  expect(project.lines("record").length).toBeGreaterThan(0);
});

test("a destroy doesn't say what no node can run", async () => {
  project.configure({ sites: { office: onPremises() } });
  const { stderr } = await project.anywhere(["destroy", "--auto-approve"], {
    TERRAFORM_BINARY_NAME: fakeTerraform,
  });
  expect(stderr).not.toContain("runs nowhere");
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
  "%s without a terminal requires --auto-approve, before anything else",
  async (command) => {
    project.configure({ name: "NO" });
    expect(await project.anywhere([command])).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "There is no terminal to approve Terraform's plans: add --auto-approve.\n",
    });
  },
);

test("says how to pass an option through npm where there is no terminal", async () => {
  expect((await project.anywhere(["destroy"], { npm_lifecycle_event: "destroy" })).stderr).toBe(
    'There is no terminal to approve Terraform\'s plans: add --auto-approve, as in "npm run destroy -- --auto-approve".\n',
  );
});

test.each([
  ["destroy", ["--auto-approve"], "--auto-approve", "--auto-approve"],
  ["diff", ["--parallel", "2"], "--parallel", "--parallel <number>"],
  ["diff", ["--parallel=2", "control-plane"], "--parallel", "--parallel 2"],
  ["deploy", ["--replace", "office/rack-1"], "--replace", "--replace office/rack-1"],
  [
    "deploy",
    ["--auto-approve", "--replace=office/rack-1"],
    "--auto-approve and --replace",
    "--auto-approve --replace office/rack-1",
  ],
])(
  "npm run %s %j is refused before anything else, with the words to write",
  async (script, args, taken, words) => {
    project.configure({ name: "NO" });
    const command = spawn("npm", ["run", "--silent", script, ...args], {
      cwd: project.folder,
      env: project.variables,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [stdout, stderr, code] = await Promise.all([
      text(command.stdout),
      text(command.stderr),
      exitCode(command),
    ]);
    expect([code, stdout]).toEqual([1, ""]);
    // npm warns of what it doesn't know.
    expect(stderr.split("\n").filter((line) => line !== "" && !line.startsWith("npm warn"))).toEqual([
      `npm has taken ${taken} as its own: write "npm run ${script} -- ${words}".`,
    ]);
  },
);

test("a setting of npm that an option of ours abbreviates is left alone", async () => {
  const byNpm = { npm_config_replace_registry_host: "never", npm_lifecycle_event: "deploy" };
  expect((await project.anywhere(["deploy"], byNpm)).stderr).toContain("There is no terminal");
});

test("lists the existing stacks when one is unknown", async () => {
  const { exitCode, stderr } = await diff({}, "compute-ams3", "service-web");
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    `${header}No stack is called compute-ams3: this environment has control-plane, activations, compute-office, service-web. ` +
      "If it is still deployed, put it back in the file first.\n",
  );
  expect(project.lines("record")).toEqual([]);
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

test.each([
  ["export default { name: ;", ':1:24: can\'t be loaded (Unexpected ";"): correct that'],
  [
    'import "./gone";',
    ':1:8: can\'t be loaded (Could not resolve "./gone"): correct the import, or install its package',
  ],
  ["export default { name: unknown };", ":1:24: can't be loaded (unknown is not defined): correct that"],
  ["export const mine = {};", ': has no default export: write "export default { … } satisfies Environment;"'],
])("says where an environment file is wrong: %s", async (written, problem) => {
  writeFileSync(join(project.folder, "config/environments/mine.ts"), written);
  expect(await project.anywhere(["synth"], { ANYWHERE_ENV: "mine" })).toEqual({
    exitCode: 1,
    stdout: "",
    stderr: `config/environments/mine.ts${problem}\n`,
  });
});
