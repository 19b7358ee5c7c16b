import { CreateClusterCommand, DeleteClusterCommand, DescribeClustersCommand } from "@aws-sdk/client-ecs";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { DescribeActivationsCommand } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Environment } from "../../config/schema";
import { mustRun } from "../../demo/command";
import { signingKeyFingerprint } from "../../local-cloud/nodes/origin/signature";
import { startLocalCloud, type LocalCloud } from "../../local-cloud/start";
import { checkOut, type Checkout } from "../support/files/checkout";
import { awsClients } from "../support/observation/clouds";
import { eventually } from "../support/jest/eventually";

jest.setTimeout(600_000);

const directory = resolve(".local-cloud/tests/s3");
const bucket = "shared-states";
const region = "eu-west-1";

let cloud: LocalCloud;
let ours: Checkout;
let theirs: Checkout;
let s3: S3Client;

beforeAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  cloud = await startLocalCloud({ directory, output: openSync(join(directory, "cloud.log"), "w") });
  [ours, theirs] = [checkOut(cloud, join(directory, "ours")), checkOut(cloud, join(directory, "theirs"))];
  s3 = new S3Client({
    region,
    endpoint: cloud.environment["AWS_ENDPOINT_URL"] ?? "",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
}, 300_000);

afterAll(async () => {
  s3.destroy();
  await cloud.stop();
});

/** A site whose servers nobody waits for: what is to be seen here needs none. */
const environment = (...servers: readonly string[]): Environment => ({
  name: "shared",
  aws: { region, accountId: "123456789012" },
  backend: { kind: "s3", bucket, region },
  installer: { signingKey: signingKeyFingerprint },
  sites: {
    berlin: {
      kind: "on-premises",
      nodes: Object.fromEntries(servers.map((server) => [server, {}])),
    },
  },
});

interface State {
  readonly serial: number;
  readonly resources: readonly { readonly mode: string }[];
}

async function stateOf(stack: string): Promise<State> {
  const Key = `shared--${stack}.tfstate`;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
  return JSON.parse((await Body?.transformToString()) ?? "") as State;
}

async function keys(): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key = "" }) => Key).sort();
}

test("a deploy needs the bucket that bootstrap-state creates", async () => {
  ours.configure(environment("rack-1"));
  theirs.configure(environment("rack-1"));
  const refused = await ours.anywhere("deploy", "--auto-approve");
  expect(refused).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(
      '- there is no S3 bucket shared-states: "npx anywhere bootstrap-state" creates it',
    ),
  });
  expect(await ours.anywhere("bootstrap-state")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("shared-states: versioning on\n"),
  });
});

test("a first deploy doesn't take over a cluster of its name that is somebody else's", async () => {
  const { ecs, ssm } = awsClients(cloud);
  const tags = [{ key: "team", value: "another" }];
  await ecs.send(new CreateClusterCommand({ clusterName: "shared", tags }));
  expect(await ours.anywhere("deploy", "--auto-approve")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(
      "AWS already has a cluster shared in eu-west-1 (services: 0, container instances: 0), which doesn't belong to this deployment",
    ),
  });
  expect(await keys()).toEqual([]);
  const asked = new DescribeClustersCommand({ clusters: ["shared"], include: ["TAGS"] });
  expect((await ecs.send(asked)).clusters).toMatchObject([{ status: "ACTIVE", tags }]);
  await ecs.send(new DeleteClusterCommand({ cluster: "shared" }));
  ecs.destroy();
  ssm.destroy();
});

test("after a deploy, a diff from another checkout is empty", async () => {
  expect(await ours.anywhere("deploy", "--auto-approve")).toSucceed();
  expect(await theirs.anywhere("diff")).toSucceed();
  expect(await keys()).toEqual(
    ["activations", "compute-berlin", "control-plane"].map((stack) => `shared--${stack}.tfstate`),
  );
});

test("the other checkout adds a node, after which a diff from the first one is empty", async () => {
  theirs.configure(environment("rack-1", "rack-2"));
  expect(await theirs.anywhere("deploy", "--auto-approve")).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/activations +1 added, 0 changed, 0 destroyed/),
  });
  ours.configure(environment("rack-1", "rack-2"));
  expect(await ours.anywhere("diff")).toSucceed();
});

test("of two simultaneous runs, one is refused, and the lock of a killed run is broken as the message says", async () => {
  const before = await stateOf("compute-berlin");
  const holder = await holdLock();
  const refused = await ours.anywhere("destroy", "compute-berlin", "--auto-approve");
  expect(refused).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(
      /compute-berlin \| The state is locked: \S+@\S+ has held it since \d{4}-\d\d-\d\d \d\d:\d\d UTC, for: apply\. Wait/,
    ),
  });
  expect(await stateOf("compute-berlin")).toEqual(before);

  holder.kill("SIGKILL");
  await once(holder, "close");
  const { exitCode, stderr } = await ours.anywhere("diff", "compute-berlin");
  expect(exitCode).toBe(1);
  const [, told = ""] = /break the lock: (.+)/.exec(stderr) ?? [];
  expect(told).toMatch(/^\S+ -chdir=\S+ force-unlock [0-9a-f-]{36}$/);
  const [program = "", ...args] = told.replace("force-unlock", "force-unlock -force").split(" ");
  await mustRun(ours.command(program, args));
  expect(await ours.anywhere("diff", "compute-berlin")).toSucceed();
  expect(await stateOf("compute-berlin")).toEqual(before);
});

/** Plain Terraform in the other checkout that waits for an answer, and so holds the lock on a site's state. */
async function holdLock(): Promise<ChildProcess> {
  const { folder, variables } = theirs.command("", [], theirs.folderOf("compute-berlin"));
  const child = spawn(cloud.environment["TERRAFORM_BINARY_NAME"] ?? "terraform", ["destroy", "-no-color"], {
    cwd: folder,
    env: variables,
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  child.stdout.on("data", (text: Buffer) => (shown += text.toString()));
  await eventually("Terraform asks", () => Promise.resolve(shown.includes("Enter a value:") || undefined));
  return child;
}

test("a destroy from the first checkout leaves states without resources, and no locks", async () => {
  expect(await ours.anywhere("destroy", "--auto-approve")).toSucceed();
  for (const stack of ["activations", "compute-berlin", "control-plane"]) {
    expect((await stateOf(stack)).resources).toEqual([]);
  }
  expect((await keys()).filter((key) => key.endsWith(".tflock"))).toEqual([]);
  const { ecs, ssm } = awsClients(cloud);
  const { clusters = [] } = await ecs.send(new DescribeClustersCommand({ clusters: ["shared"] }));
  expect(clusters.map(({ status }) => status)).not.toContain("ACTIVE");
  expect((await ssm.send(new DescribeActivationsCommand({}))).ActivationList).toEqual([]);
  ecs.destroy();
  ssm.destroy();
});
