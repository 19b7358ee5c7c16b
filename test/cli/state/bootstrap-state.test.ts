import {
  CreateBucketCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { reportSchemas } from "../../../cli/report/schemas";
import { accountId, useProject } from "../project";
import { useAws } from "../../support/stages/aws-with-moto";

const project = useProject();
const aws = useAws(accountId);

const bucket = "shop-states";
const region = "eu-west-1";
const backend = { kind: "s3", bucket, region } as const;
const Bucket = bucket;

let s3: S3Client;

const clientOf = (accessKeyId: string, place = region) =>
  new S3Client({
    region: place,
    endpoint: aws().url,
    credentials: { accessKeyId, secretAccessKey: "test" },
  });

beforeEach(() => {
  s3 = clientOf("test");
  project().configure({ backend, tags: { team: "platform", stage: "test" } });
});

afterEach(() => {
  s3.destroy();
});

const create = (client = s3, LocationConstraint: "eu-west-1" | "eu-central-1" = region) =>
  client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint } }));
const run = (...args: string[]) =>
  project().anywhere(["bootstrap-state", ...args], { AWS_ENDPOINT_URL: aws().url });

/** Everything that a bucket of states has. */
async function configuration() {
  const [access, policy, encryption, versioning, lifecycle, tags] = await Promise.all([
    s3.send(new GetPublicAccessBlockCommand({ Bucket })),
    s3.send(new GetBucketPolicyCommand({ Bucket })),
    s3.send(new GetBucketEncryptionCommand({ Bucket })),
    s3.send(new GetBucketVersioningCommand({ Bucket })),
    s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
    s3.send(new GetBucketTaggingCommand({ Bucket })),
  ]);
  return {
    access: access.PublicAccessBlockConfiguration,
    policy: JSON.parse(policy.Policy ?? "") as object,
    encryption: encryption.ServerSideEncryptionConfiguration?.Rules,
    versioning: versioning.Status,
    lifecycle: lifecycle.Rules,
    tags: tags.TagSet,
  };
}

const tlsOnly = {
  Sid: "AnywhereTlsOnly",
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: ["arn:aws:s3:::shop-states", "arn:aws:s3:::shop-states/*"],
  Condition: { Bool: { "aws:SecureTransport": "false" } },
};
const expected = {
  access: {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  },
  policy: { Version: "2012-10-17", Statement: [tlsOnly] },
  encryption: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: false }],
  versioning: "Enabled",
  lifecycle: [
    {
      ID: "anywhere-states",
      Status: "Enabled",
      Filter: { Prefix: "" },
      Expiration: { ExpiredObjectDeleteMarker: true },
      NoncurrentVersionExpiration: { NoncurrentDays: 90 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
    },
  ],
  tags: [
    { Key: "team", Value: "platform" },
    { Key: "stage", Value: "test" },
  ],
};
const everyChange = [
  "shop-states: public access blocked",
  "shop-states: requests without TLS denied by its policy",
  "shop-states: encryption by default",
  "shop-states: versioning on",
  "shop-states: former versions deleted after 90 days, unfinished uploads after 7",
  "shop-states: tags of the deployment",
];

test("creates the bucket with everything that protects states, and has nothing to do the second time", async () => {
  expect(await run()).toEqual({
    exitCode: 0,
    stdout: `${["created the bucket shop-states in eu-west-1", ...everyChange, "the S3 bucket shop-states in eu-west-1: ready."].join("\n")}\n`,
    stderr: "environment: environment (environment.json)\n",
  });
  const made = await configuration();
  expect(made).toEqual(expected);
  expect((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe(region);
  expect(await run()).toMatchObject({
    exitCode: 0,
    stdout: "the S3 bucket shop-states in eu-west-1: nothing to do.\n",
  });
  expect(await configuration()).toEqual(made);
  // As by TLS, for which every request to the local cloud stands.
  await s3.send(new PutObjectCommand({ Bucket, Key: "shop--control-plane.tfstate", Body: "{}" }));
});

/** Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3". */
const actions: Readonly<Record<string, string>> = {
  "HEAD /shop-states/": "s3:ListBucket",
  "PUT /shop-states/": "s3:CreateBucket",
  "GET /shop-states/?policy": "s3:GetBucketPolicy",
  "PUT /shop-states/?policy": "s3:PutBucketPolicy",
  "GET /shop-states/?publicAccessBlock": "s3:GetBucketPublicAccessBlock",
  "PUT /shop-states/?publicAccessBlock": "s3:PutBucketPublicAccessBlock",
  "GET /shop-states/?tagging": "s3:GetBucketTagging",
  "PUT /shop-states/?tagging": "s3:PutBucketTagging",
  "GET /shop-states/?versioning": "s3:GetBucketVersioning",
  "PUT /shop-states/?versioning": "s3:PutBucketVersioning",
  "GET /shop-states/?encryption": "s3:GetEncryptionConfiguration",
  "PUT /shop-states/?encryption": "s3:PutEncryptionConfiguration",
  "GET /shop-states/?lifecycle": "s3:GetLifecycleConfiguration",
  "PUT /shop-states/?lifecycle": "s3:PutLifecycleConfiguration",
};

test("needs exactly the permissions that docs/state-and-secrets.md lists", async () => {
  await run();
  const asked = aws().asked.filter((request) => request !== "POST /");
  const used = [...new Set(asked)].map((request) => actions[request] ?? request);
  const [, policy = ""] = /```json\n(.*?)```/s.exec(readFileSync("docs/state-and-secrets.md", "utf8")) ?? [];
  const { Statement } = JSON.parse(policy) as {
    readonly Statement: readonly { readonly Action: string[] }[];
  };
  expect(used.sort()).toEqual(Statement.flatMap(({ Action }) => Action).sort());
});

test("sets encryption by default with the configured key, in place of another", async () => {
  await run();
  const kmsKeyId = "alias/shop-states";
  project().configure({ backend: { ...backend, kmsKeyId }, tags: { team: "platform" } });
  expect(await run()).toMatchObject({
    stdout: expect.stringMatching(/^shop-states: encryption by default\n.*ready\.\n$/),
  });
  expect((await configuration()).encryption).toEqual([
    {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: kmsKeyId },
      BucketKeyEnabled: true,
    },
  ]);
  expect(await run()).toMatchObject({ stdout: expect.stringMatching(/nothing to do\.\n$/) });
});

test("adds what an existing bucket lacks, and keeps what else it has", async () => {
  await create();
  const theirs = { ...tlsOnly, Sid: "Theirs", Action: "s3:DeleteBucket", Condition: undefined };
  const ended = {
    ID: "theirs",
    Status: "Enabled" as const,
    Filter: { Prefix: "" },
    NoncurrentVersionExpiration: { NoncurrentDays: 365 },
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: theirs });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  await s3.send(
    new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [ended] } }),
  );
  const TagSet = [{ Key: "stage", Value: "theirs" }];
  await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Suspended" } }));
  const { exitCode, stdout } = await run("--json");
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    deployment: "cli-test",
    backend: "s3",
    place: "the S3 bucket shop-states in eu-west-1",
    changes: everyChange,
  });
  const ours = { ...expected.lifecycle[0], NoncurrentVersionExpiration: undefined };
  expect(await configuration()).toEqual({
    ...expected,
    policy: { Version: "2012-10-17", Statement: [JSON.parse(JSON.stringify(theirs)), tlsOnly] },
    lifecycle: [ended, ours],
    tags: [...TagSet, { Key: "team", Value: "platform" }],
  });
  expect(await run()).toMatchObject({ stdout: expect.stringMatching(/nothing to do\.\n$/) });
});

test("accepts an equivalent policy statement under another name", async () => {
  await run();
  const statement = { ...tlsOnly, Sid: "Ours", Resource: tlsOnly.Resource.toReversed() };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  expect(await run()).toMatchObject({ stdout: expect.stringMatching(/nothing to do\.\n$/) });
});

test("refuses a bucket of another region or account, and changes nothing there", async () => {
  const elsewhere = clientOf("test", "eu-central-1");
  await create(elsewhere, "eu-central-1");
  elsewhere.destroy();
  expect(await run()).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(
      "The S3 bucket shop-states is in eu-central-1, and environment.json says backend.region eu-west-1: correct the file.",
    ),
  });
  await expect(s3.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toThrow("does not exist");
  const others = clientOf("444455556666");
  const name = "others-states";
  await others.send(
    new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { LocationConstraint: region } }),
  );
  project().configure({ backend: { ...backend, bucket: name } });
  expect(await run()).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(
      "AWS denies access to the S3 bucket others-states: account 111122223333 doesn't own it, or the caller lacks s3:ListBucket on it.",
    ),
  });
  others.destroy();
});

test("refuses credentials of another account", async () => {
  const answer = await project().anywhere(["bootstrap-state"], {
    AWS_ENDPOINT_URL: aws().url,
    AWS_ACCESS_KEY_ID: "444455556666",
  });
  expect(answer).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(
      "and environment.json says aws.accountId 111122223333: choose other credentials",
    ),
  });
  expect((await s3.send(new ListBucketsCommand({}))).Buckets).toEqual([]);
});

test("has nothing to do for local states, and queries no cloud", async () => {
  project().configure({ backend: { kind: "local", folder: "states" } });
  const { exitCode, stdout } = await project().anywhere(["bootstrap-state"], {
    AWS_ENDPOINT_URL: "http://127.0.0.1:1",
  });
  expect([exitCode, stdout]).toEqual([0, `the folder ${join(project().folder, "states")}: nothing to do.\n`]);
  expect([...reportSchemas().keys()]).toContain("bootstrap-state");
});
