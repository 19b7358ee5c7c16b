import { randomUUID } from "node:crypto";
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { Environment } from "../../config/schema";
import { run, type Ended } from "../../demo/command";
import { signingKeyFingerprint } from "../../local-cloud/nodes/origin/signature";
import { startLocalCloud, type LocalCloud } from "../../local-cloud/start";
import { shortWaits } from "../support/deployments/life-cycle";
import { findSite } from "../support/observation/clouds";
import { callTerraformCloud, type Reply } from "../support/observation/terraform-cloud";

jest.setTimeout(900_000);

const directory = resolve(".local-cloud/tests/hcp-remote");
/** Our commands remember where the states of a file are, and this one's HCP Terraform is gone in the end. */
const deployment = `hcp-${randomUUID().slice(0, 8)}`;
const file = join(directory, `${deployment}.json`);
const stacks = ["control-plane", "activations", "compute-ams3"];

let cloud: LocalCloud;
let hostname: string;

beforeAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  cloud = await startLocalCloud({ directory, output: openSync(join(directory, "cloud.log"), "w") });
  hostname = cloud.environment["LOCAL_CLOUD_TERRAFORM_HOSTNAME"] ?? "";
}, 300_000);

afterAll(() => cloud.stop());

function configure(nodes: number): void {
  const environment: Environment = {
    name: deployment,
    aws: { region: "eu-west-1", accountId: "123456789012" },
    backend: {
      kind: "cloud",
      organization: "local-cloud",
      hostname,
      project: "The shop",
      execution: "remote",
      runRoleArn: "arn:aws:iam::123456789012:role/hcp-terraform",
    },
    installer: { signingKey: signingKeyFingerprint },
    sites: { ams3: { kind: "digitalocean", region: "ams3", nodes } },
  };
  writeFileSync(file, JSON.stringify(environment));
}

const anywhere = (...args: readonly string[]): Promise<Ended> =>
  run({
    program: process.execPath,
    args: [resolve("cli/anywhere.js"), ...args],
    folder: ".",
    variables: { ...cloud.variables, ANYWHERE_ENV: file, CDKTF_OUTDIR: join(directory, "cdktf.out") },
    log: join(directory, "commands.log"),
    seconds: 600,
  });

const call = (method: string, path: string, body?: object): Promise<Reply> =>
  callTerraformCloud(new URL(path, `https://${hostname}/api/v2/`), {
    method,
    body,
    token: "local-cloud",
    root: readFileSync(cloud.environment["LOCAL_CLOUD_CERTIFICATE_AUTHORITY"] ?? "", "utf8"),
  });

const workspace = async (stack: string) =>
  (await call("GET", `organizations/local-cloud/workspaces/${deployment}--${stack}`)).data;

/** Gives the runs of a workspace what waits less, and what pip needs on this computer. */
async function adapt(stack: string): Promise<void> {
  const { id } = await workspace(stack);
  const pip = Object.entries(process.env).filter(([name]) => name.startsWith("PIP_"));
  for (const [key, value] of [...Object.entries(shortWaits), ...pip]) {
    const attributes = { key, value, category: "env" };
    expect((await call("POST", `workspaces/${id}/vars`, { data: { type: "vars", attributes } })).status).toBe(
      201,
    );
  }
}

test("is refused until bootstrap-state has made the workspaces, which it does once", async () => {
  configure(1);
  const refused = await anywhere("deploy", "--auto-approve");
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('run "npx anywhere bootstrap-state"');
  const made = await anywhere("bootstrap-state");
  expect(made).toSucceed();
  for (const stack of stacks) {
    expect(made.stdout).toContain(`created the workspace ${deployment}--${stack}: execution mode remote\n`);
    await adapt(stack);
  }
  expect((await anywhere("bootstrap-state")).stdout).toContain(": nothing to do.");
});

test("a node is registered by runs that have no AWS CLI and none of the user's credentials, and then nothing is planned", async () => {
  const mark = (await cloud.admin.journal(0)).length;
  const deployed = await anywhere("deploy", "--auto-approve");
  expect(deployed).toSucceed();
  expect(deployed.stdout + deployed.stderr).toContain("obtained by pip for this project alone");
  expect(await findSite(cloud, deployment, "ams3")).toMatchObject({
    managedInstances: [expect.any(String)],
    containerInstances: [{ node: "node-1" }],
    droplets: [`${deployment}--ams3--node-1`],
  });
  const made = (await cloud.admin.journal(mark)).flatMap((entry) =>
    entry.kind === "call" && entry.name === "CreateCluster" ? [entry.principal] : [],
  );
  expect(made).toHaveLength(1);
  expect(made).not.toContain("local-cloud");
  expect(await anywhere("diff")).toSucceed();
});

test("a second node comes by remote runs", async () => {
  configure(2);
  expect(await anywhere("deploy", "activations", "compute-ams3", "--auto-approve")).toSucceed();
  expect((await findSite(cloud, deployment, "ams3")).containerInstances.map(({ node }) => node)).toEqual([
    "node-1",
    "node-2",
  ]);
});

test("a destroy deregisters every node by remote runs, and leaves no resource and no lock", async () => {
  const mark = (await cloud.admin.journal(0)).length;
  expect(await anywhere("destroy", "--auto-approve")).toSucceed();
  const calls = (await cloud.admin.journal(mark)).map(({ name }) => name);
  expect(calls.filter((name) => name === "DeregisterContainerInstance")).toHaveLength(2);
  expect(calls.filter((name) => name === "DeregisterManagedInstance")).toHaveLength(2);
  for (const stack of stacks) {
    expect((await workspace(stack)).attributes).toMatchObject({ locked: false, "resource-count": 0 });
  }
});
