import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { awsProblems } from "../../../cli/checks/aws";
import { dockerProblems } from "../../../cli/checks/docker";
import type { Environment } from "../../../config/schema";
import { serveAws, type StandInAws } from "./stand-in-aws";
import { accountId, useDesk } from "./undertaking";

const desk = useDesk();

const ours = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"];
const before = Object.fromEntries(ours.map((name) => [name, process.env[name]]));
let aws: StandInAws;

beforeAll(async () => {
  aws = await serveAws(accountId);
});

afterAll(() => aws.close());

beforeEach(() => {
  // Where the SDK looks.
  const credentials = {
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_EC2_METADATA_DISABLED: "true",
  };
  Object.assign(process.env, credentials, { AWS_ENDPOINT_URL: aws.url });
  Object.assign(aws.behaviour, {
    account: accountId,
    bucket: { status: 200, region: "eu-west-1" },
    versioning: "Enabled",
    imageError: undefined,
  });
  aws.asked();
});

afterEach(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) {
      Reflect.deleteProperty(process.env, name);
    } else {
      process.env[name] = value;
    }
  }
});

const backend = { kind: "s3", bucket: "shop-states", region: "eu-west-1" } as const;
const withBucket = (command: "deploy" | "diff" = "deploy", stacks = ["control-plane"]) =>
  awsProblems(desk().undertake({ command, stacks, environment: { backend } }));

test("the state bucket is looked up with the account's credentials", async () => {
  expect(await withBucket()).toEqual([]);
  expect(aws.asked()).toEqual([
    "GetBucketVersioning shop-states",
    "GetCallerIdentity",
    "HeadBucket shop-states",
  ]);
});

test.each([
  [
    404,
    "eu-west-1",
    'there is no S3 bucket shop-states: "npx anywhere bootstrap-state" creates it in eu-west-1; or correct backend.bucket in environment.json',
  ],
  [
    301,
    "us-west-2",
    "the S3 bucket shop-states is in us-west-2, and environment.json says backend.region eu-west-1: correct the file",
  ],
  [
    200,
    "us-west-2",
    "the S3 bucket shop-states is in us-west-2, and environment.json says backend.region eu-west-1: correct the file",
  ],
  [
    403,
    "eu-west-1",
    "AWS denies access to the S3 bucket shop-states: correct backend.bucket in environment.json if it belongs to someone else, or allow the caller s3:ListBucket on it and s3:GetObject, s3:PutObject, s3:DeleteObject on its objects",
  ],
  [503, "eu-west-1", "Amazon S3 answers 503 for the bucket shop-states: wait a few minutes and run again"],
])("a bucket for which S3 answers %s with region %s is reported", async (status, region, line) => {
  aws.behaviour.bucket = { status, region };
  expect(await withBucket()).toEqual([line]);
});

test("a bucket without versioning causes a notice, but no refusal", async () => {
  const notices: string[] = [];
  jest.spyOn(console, "error").mockImplementation((line: string) => void notices.push(line));
  for (const versioning of ["Suspended", undefined, "Enabled"] as const) {
    aws.behaviour.versioning = versioning;
    expect(await withBucket()).toEqual([]);
  }
  jest.restoreAllMocks();
  expect(notices).toEqual([
    'The S3 bucket shop-states keeps no earlier versions of the states, so none can be restored: "npx anywhere bootstrap-state" enables versioning.',
  ]);
});

test("no bucket is looked up with another account's credentials", async () => {
  aws.behaviour.account = "444455556666";
  expect(await withBucket()).toEqual([
    "the AWS credentials belong to account 444455556666 (arn:aws:iam::444455556666:user/test), " +
      `and environment.json says aws.accountId ${accountId}: choose other credentials, such as another AWS_PROFILE, or correct the file`,
  ]);
  expect(aws.asked()).toEqual(["GetCallerIdentity"]);
});

test("where HCP Terraform runs Terraform, only a deploy of nodes uses local credentials", async () => {
  const backend = { kind: "cloud", organization: "acme", execution: "remote" } as const;
  const asked = async (command: "deploy" | "destroy", stack: string) => {
    await awsProblems(desk().undertake({ command, stacks: [stack], environment: { backend } }));
    return aws.asked();
  };
  expect(await asked("destroy", "compute-ams3")).toEqual([]);
  expect(await asked("deploy", "control-plane")).toEqual([]);
  expect(await asked("deploy", "compute-ams3")).toEqual(["GetCallerIdentity"]);
});

test("a diff of compute stacks queries AWS only for the state bucket", async () => {
  aws.behaviour.account = "444455556666";
  const plan = (environment: Partial<Environment>) =>
    awsProblems(desk().undertake({ command: "diff", stacks: ["compute-ams3"], environment }));
  expect(await plan({})).toEqual([]);
  expect(aws.asked()).toEqual([]);
  expect(await plan({ backend })).toHaveLength(1);
});

const engine = { works: "echo 28.0", stopped: "echo 'Cannot connect to the Docker daemon.' >&2; exit 1" };
const docker = (script: string | undefined, options: object = {}, variables: NodeJS.ProcessEnv = {}) => {
  const folder = join(desk().folder, "app");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "Dockerfile"), "FROM scratch\n");
  const environment: Partial<Environment> = {
    images: { app: { build: folder } },
    services: { web: { image: "app", http: { port: 8080 } } },
  };
  const PATH = desk().programs(script === undefined ? {} : { docker: script });
  return dockerProblems(desk().undertake({ environment, ...options, variables: { PATH, ...variables } }));
};
const install =
  "docker can't be run (ENOENT): install Docker (https://docs.docker.com/engine/install/), or push the image from another computer and use its URI";

test.each(["ImageNotFoundException", "RepositoryNotFoundException"])(
  "an image for which the registry answers %s needs Docker",
  async (error) => {
    aws.behaviour.imageError = error;
    expect(await docker(engine.works)).toEqual([]);
    expect(await docker(undefined)).toEqual([`the image shop/app:0123abcd has to be built, and ${install}`]);
    expect(await docker(engine.stopped)).toEqual([
      "the image shop/app:0123abcd has to be built, and the Docker engine doesn't answer " +
        "(Cannot connect to the Docker daemon.): start it, or allow this user to connect to it",
    ]);
    expect(aws.asked()).toEqual(["DescribeImages shop/app:0123abcd"]);
  },
);

test("Docker isn't needed when the registry has the image, or when nothing is built", async () => {
  expect(await docker(undefined)).toEqual([]);
  aws.behaviour.imageError = "ImageNotFoundException";
  expect(await docker(undefined, { command: "destroy" })).toEqual([]);
  expect(await docker(undefined, { command: "diff" })).toEqual([]);
  expect(await docker(undefined, { stacks: ["compute-ams3"] })).toEqual([]);
});

test("a registry that denies access counts as one without the image, and the message says so", async () => {
  aws.behaviour.imageError = "AccessDeniedException";
  expect(await docker(undefined)).toEqual([
    `the image shop/app:0123abcd may have to be built, since Amazon ECR can't be asked, and ${install}`,
  ]);
});

test("a registry that only a proxy reaches is reported as not checked, when that matters", async () => {
  const notices: string[] = [];
  jest.spyOn(console, "error").mockImplementation((line: string) => void notices.push(line));
  process.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1";
  const proxy = { HTTPS_PROXY: "http://proxy.example:3128" };
  expect(await docker(engine.works, {}, proxy)).toEqual([]);
  expect(notices).toEqual([]);
  expect(await docker(undefined, {}, proxy)).toEqual([]);
  jest.restoreAllMocks();
  expect(notices).toEqual([
    expect.stringMatching(
      /^Whether the image shop\/app:0123abcd has to be built was not checked: a proxy is set, and Amazon ECR can't be reached directly \(/,
    ),
  ]);
});
