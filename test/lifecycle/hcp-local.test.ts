import { randomUUID } from "node:crypto";
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DescribeClustersCommand } from "@aws-sdk/client-ecs";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import type { Environment } from "../../config/schema";
import { mustRun, run, type Command, type Ended } from "../../demo/command";
import { signingKeyFingerprint } from "../../local-cloud/nodes/origin/signature";
import { startLocalCloud, type LocalCloud } from "../../local-cloud/start";
import { shortWaits } from "../support/deployments/life-cycle";
import { awsClients } from "../support/observation/clouds";
import { callTerraformCloud, type Reply } from "../support/observation/terraform-cloud";

jest.setTimeout(600_000);

const directory = resolve(".local-cloud/tests/hcp-local");
const outdir = join(directory, "cdktf.out");
const file = join(directory, "hcp.json");
/** Our commands remember where a deployment's states are, and this one's HCP Terraform is gone in the end. */
const deployment = `hcp-${randomUUID().slice(0, 8)}`;

let cloud: LocalCloud;
let hostname: string;

beforeAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  cloud = await startLocalCloud({ directory, output: openSync(join(directory, "cloud.log"), "w") });
  hostname = cloud.environment["LOCAL_CLOUD_TERRAFORM_HOSTNAME"] ?? "";
}, 300_000);

afterAll(() => cloud.stop());

/** A site whose servers nobody waits for: what is to be seen here needs none. */
function configure(...servers: readonly string[]): void {
  const environment: Environment = {
    name: deployment,
    aws: { region: "eu-west-1", accountId: "123456789012" },
    backend: { kind: "cloud", organization: "local-cloud", hostname, project: "The shop" },
    installer: { signingKey: signingKeyFingerprint },
    sites: {
      berlin: { kind: "on-premises", nodes: Object.fromEntries(servers.map((name) => [name, {}])) },
    },
  };
  writeFileSync(file, JSON.stringify(environment));
}

const command = (program: string, args: readonly string[], folder = "."): Command => ({
  program,
  args,
  folder,
  variables: { ...cloud.variables, ...shortWaits, ANYWHERE_ENV: file, CDKTF_OUTDIR: outdir },
  log: join(directory, "commands.log"),
  seconds: 480,
});

const anywhere = (...args: readonly string[]): Promise<Ended> =>
  run(command(process.execPath, [resolve("cli/anywhere.js"), ...args]));

const terraform = (stack: string, ...args: readonly string[]): Promise<string> =>
  mustRun(
    command(
      cloud.environment["TERRAFORM_BINARY_NAME"] ?? "terraform",
      args,
      join(outdir, "hcp", "stacks", stack),
    ),
  );

const call = (method: string, path: string, body?: object): Promise<Reply> =>
  callTerraformCloud(new URL(path, `https://${hostname}/api/v2/`), {
    method,
    body,
    token: "local-cloud",
    root: readFileSync(cloud.environment["LOCAL_CLOUD_CERTIFICATE_AUTHORITY"] ?? "", "utf8"),
  });

const workspace = async (stack: string) =>
  (await call("GET", `organizations/local-cloud/workspaces/${deployment}--${stack}`)).data;

const stacks = ["control-plane", "activations", "compute-berlin"];

test("is refused while new workspaces would run remotely, deployed once they don't, and then plans nothing", async () => {
  configure("rack-1");
  expect(await anywhere("deploy", "--auto-approve")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/--control-plane.*mode remote/),
  });
  const attributes = { "default-execution-mode": "local" };
  await call("PATCH", "organizations/local-cloud", { data: { type: "organizations", attributes } });
  expect(await anywhere("deploy", "--auto-approve")).toSucceed();
  expect(await anywhere("diff")).toSucceed();
  for (const stack of stacks) {
    expect((await workspace(stack)).attributes).toMatchObject({ locked: false, "execution-mode": "local" });
  }
});

test("refuses to work on a workspace that somebody else has locked", async () => {
  const { id } = await workspace("activations");
  await call("POST", `workspaces/${id}/actions/lock`, { reason: "for a look" });
  configure("rack-1", "rack-2");
  expect(await anywhere("deploy", "activations", "--auto-approve")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(`force-unlock local-cloud/${deployment}--activations`),
  });
  await call("POST", `workspaces/${id}/actions/unlock`);
});

test("goes on from errored.tfstate when a state couldn't be stored", async () => {
  await cloud.admin.inject({
    match: { service: "terraform-cloud", operation: "PUT /_archivist/v1/state/{secret}" },
    times: 1,
    effect: { kind: "error", status: 403, code: "forbidden", message: "The address has expired" },
  });
  expect((await anywhere("deploy", "activations", "--auto-approve")).exitCode).toBe(1);
  const refused = await anywhere("deploy", "--auto-approve");
  const commands = /^.* force-unlock -force .* state push errored\.tfstate && rm .*$/m.exec(refused.stderr);
  expect(commands?.[0]).toContain(`force-unlock -force local-cloud/${deployment}--activations &&`);
  await mustRun(command("bash", ["-c", commands?.[0] ?? ""]));
  expect(await anywhere("deploy", "--auto-approve")).toSucceed();
  expect(
    Object.keys(JSON.parse(await terraform("activations", "output", "-json", "activation_ids")) as object),
  ).toEqual(["berlin/rack-1", "berlin/rack-2"]);
  expect(await anywhere("diff")).toSucceed();
});

test("is destroyed, and leaves workspaces without resources and locks", async () => {
  expect(await anywhere("destroy", "--auto-approve")).toSucceed();
  for (const stack of stacks) {
    expect((await workspace(stack)).attributes).toMatchObject({ locked: false, "resource-count": 0 });
  }
  const { ecs } = awsClients(cloud);
  const { clusters = [] } = await ecs.send(new DescribeClustersCommand({ clusters: [deployment] }));
  expect(clusters.map(({ status }) => status)).not.toContain("ACTIVE");
  ecs.destroy();
});
