import { execFile } from "node:child_process";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { serveAws } from "../../local-cloud/aws/protocol/gateway";
import { startScheduler } from "../../local-cloud/aws/scheduler/start-scheduler";
import { defaultSettings } from "../../local-cloud/aws/settings";
import type { LoopbackServer } from "../../local-cloud/http-server";
import { createWorld, type World } from "../../local-cloud/world";
import { account, cluster, region, taskDefinition, trust, useCloud } from "./aws-schedules-stage";
import { until } from "./fake-machines";

const cloud = useCloud();

let world: World;
let gateway: LoopbackServer;

beforeEach(async () => {
  world = createWorld(account);
  const { apis, motoPort } = cloud();
  gateway = await serveAws(world, { apis, motoPort });
});

afterEach(() => gateway.close());

/** The real AWS CLI's output as JSON, or its error. */
function aws(...words: readonly string[]): Promise<unknown> {
  const env = {
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_MAX_ATTEMPTS: "1",
  };
  const all = ["--endpoint-url", gateway.url, "--output", "json", ...words];
  return new Promise((resolve) => {
    execFile(cloud().python.aws, all, { env }, (_error, stdout, stderr) => {
      resolve(stderr.trim() === "" ? JSON.parse(stdout === "" ? "null" : stdout) : stderr.trim());
    });
  });
}

/** The same calls as the CLI's, without a process for each. */
async function call(
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly error: string | null; readonly body: unknown }> {
  const credential = `Credential=local/20260101/${region}/scheduler/aws4_request`;
  const response = await fetch(gateway.url + path, {
    method,
    headers: { authorization: `AWS4-HMAC-SHA256 ${credential}, Signature=none` },
    ...(body && { body: JSON.stringify(body) }),
  });
  const error = response.headers.get("x-amzn-errortype");
  return { status: response.status, error, body: await response.json() };
}

const request = (RoleArn: string, more: object = {}, target: object = {}): object => ({
  ScheduleExpression: "cron(0 3 * * ? *)",
  FlexibleTimeWindow: { Mode: "OFF" },
  Target: {
    Arn: cluster,
    RoleArn,
    EcsParameters: { TaskDefinitionArn: taskDefinition, LaunchType: "EXTERNAL" },
    ...target,
  },
  ...more,
});

test("the AWS CLI creates, reads and deletes a schedule, which can be listed and changed", async () => {
  const RoleArn = await cloud().role();
  const EcsParameters = { TaskDefinitionArn: taskDefinition, LaunchType: "EXTERNAL", TaskCount: 2 };
  const target = { EcsParameters, RetryPolicy: { MaximumRetryAttempts: 3 } };
  const Target = { Arn: cluster, RoleArn, ...target };
  const arn = `arn:aws:scheduler:${region}:${account}:schedule/default/shop--nightly`;
  expect(
    await aws(
      ...["scheduler", "create-schedule", "--name", "shop--nightly", "--flexible-time-window", "Mode=OFF"],
      ...["--schedule-expression", "rate(2 hours)", "--start-date", "2030-01-01T00:00:00Z"],
      ...["--target", JSON.stringify(Target)],
    ),
  ).toEqual({ ScheduleArn: arn });
  expect(
    await aws("scheduler", "get-schedule", "--name", "shop--nightly", "--group-name", "default"),
  ).toEqual({
    Arn: arn,
    Name: "shop--nightly",
    GroupName: "default",
    ScheduleExpression: "rate(2 hours)",
    ScheduleExpressionTimezone: "UTC",
    StartDate: 1_893_456_000,
    State: "ENABLED",
    ActionAfterCompletion: "NONE",
    FlexibleTimeWindow: { Mode: "OFF" },
    Target: { ...Target, RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 86_400 } },
    CreationDate: expect.any(Number),
    LastModificationDate: expect.any(Number),
  });
  const changed = {
    State: "DISABLED",
    ScheduleExpression: "cron(30 3 ? * MON-FRI *)",
    ScheduleExpressionTimezone: "Europe/Berlin",
  };
  const path = "/schedules/shop--nightly";
  expect(await call("POST", path, request(RoleArn))).toMatchObject({
    status: 409,
    error: "ConflictException",
  });
  expect(await call("PUT", path, request(RoleArn, changed))).toMatchObject({ body: { ScheduleArn: arn } });
  expect((await call("GET", "/schedules?NamePrefix=shop&State=DISABLED")).body).toEqual({
    Schedules: [
      expect.objectContaining({
        Arn: arn,
        State: "DISABLED",
        GroupName: "default",
        Target: { Arn: cluster },
      }),
    ],
  });
  const { body } = await call("GET", path);
  expect(body).toMatchObject(changed);
  expect(body).not.toHaveProperty("StartDate");
  expect(await aws("scheduler", "delete-schedule", "--name", "shop--nightly")).toBeNull();
  expect(await call("GET", path)).toMatchObject({ status: 404, error: "ResourceNotFoundException" });
}, 60_000);

test.each([
  ["an expression that is none", { ScheduleExpression: "cron(0 3 * * *)" }, {}, "ValidationException"],
  ["a zone that there isn't", { ScheduleExpressionTimezone: "Mars/Olympus" }, {}, "ValidationException"],
  ["a window without a length", { FlexibleTimeWindow: { Mode: "FLEXIBLE" } }, {}, "ValidationException"],
  [
    "an end before its start",
    { StartDate: 2_000_000_000, EndDate: 1_900_000_000 },
    {},
    "ValidationException",
  ],
  ["an unknown member", { Name: "x", Colour: "blue" }, {}, "ValidationException"],
  ["too many retries", {}, { RetryPolicy: { MaximumRetryAttempts: 186 } }, "ValidationException"],
  [
    "a FIFO queue",
    {},
    { DeadLetterConfig: { Arn: `arn:aws:sqs:${region}:${account}:q.fifo` } },
    "ValidationException",
  ],
  ["a role that isn't there", {}, { RoleArn: `arn:aws:iam::${account}:role/none` }, "ValidationException"],
  ["another account's role", {}, { RoleArn: "arn:aws:iam::210987654321:role/r" }, "ValidationException"],
  ["another target", {}, { Arn: `arn:aws:lambda:${region}:${account}:function:f` }, "NotModelledException"],
  ["a key's alias", { KmsKeyArn: `arn:aws:kms:${region}:${account}:alias/jobs` }, {}, "NotModelledException"],
  ["a key's id", { KmsKeyArn: "00000000-0000-4000-8000-000000000000" }, {}, "ValidationException"],
  ["an input that is no JSON", {}, { Input: "{" }, "ValidationException"],
  [
    "another launch type",
    {},
    { EcsParameters: { TaskDefinitionArn: taskDefinition, LaunchType: "FARGATE" } },
    "NotModelledException",
  ],
])("a schedule with %s is refused", async (_label, more, target, error) => {
  const body = request(await cloud().role(), more, target);
  expect(await call("POST", "/schedules/job", body)).toMatchObject({ status: 400, error });
  expect(world.aws.schedules.size).toBe(0);
});

test("a schedule keeps the key that encrypts it until an update leaves it out", async () => {
  const [RoleArn, KmsKeyArn] = [await cloud().role(), await cloud().key()];
  const path = "/schedules/job";
  expect(await call("POST", path, request(RoleArn, { KmsKeyArn }))).toMatchObject({ status: 200 });
  expect((await call("GET", path)).body).toMatchObject({ KmsKeyArn });
  expect(JSON.stringify((await call("GET", "/schedules")).body)).not.toContain(KmsKeyArn);
  const another = await cloud().key();
  await call("PUT", path, request(RoleArn, { KmsKeyArn: another }));
  expect((await call("GET", path)).body).toMatchObject({ KmsKeyArn: another });
  await call("PUT", path, request(RoleArn));
  expect((await call("GET", path)).body).not.toHaveProperty("KmsKeyArn");
});

const unknownKey = `arn:aws:kms:${region}:${account}:key/00000000-0000-4000-8000-000000000000`;

test.each([
  ["that isn't there", () => unknownKey],
  ["of another region", async () => (await cloud().key()).replace(region, "us-east-1")],
  ["that isn't symmetric", () => cloud().key({ KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" })],
  ["that only signs", () => cloud().key({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" })],
  [
    "that is disabled",
    async () => {
      const key = await cloud().key();
      await cloud().disable(key);
      return key;
    },
  ],
])("a schedule with a key %s is refused, and an existing schedule keeps its key", async (_label, make) => {
  const [RoleArn, KmsKeyArn] = [await cloud().role(), await cloud().key()];
  const refused = request(RoleArn, { KmsKeyArn: await make() });
  const refusal = { status: 400, error: "ValidationException" };
  expect(await call("POST", "/schedules/job", refused)).toMatchObject(refusal);
  expect(world.aws.schedules.size).toBe(0);
  await call("POST", "/schedules/job", request(RoleArn, { KmsKeyArn }));
  expect(await call("PUT", "/schedules/job", refused)).toMatchObject(refusal);
  expect(world.aws.schedules.get("job")?.settings.KmsKeyArn).toBe(KmsKeyArn);
});

test.each([
  ["trusts another service", { ...trust, Principal: { Service: "events.amazonaws.com" } }],
  [
    "trusts another account's schedules",
    { ...trust, Condition: { StringEquals: { "aws:SourceAccount": "210987654321" } } },
  ],
  [
    "trusts another group",
    { ...trust, Condition: { ArnLike: { "aws:SourceArn": "arn:aws:scheduler:*:*:schedule-group/other" } } },
  ],
])("a role that %s is refused", async (_label, trusted) => {
  const answer = await call("POST", "/schedules/job", request(await cloud().role([], trusted)));
  expect(answer).toMatchObject({
    status: 400,
    error: "ValidationException",
    body: {
      message: "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    },
  });
});

test("calls that aren't modelled or signed, and missing schedules, are errors; the journal has calls", async () => {
  const RoleArn = await cloud().role([], {
    ...trust,
    Condition: { ArnLike: { "aws:SourceArn": `arn:aws:scheduler:*:${account}:schedule-group/default` } },
  });
  expect(await call("GET", "/schedules/none")).toMatchObject({
    status: 404,
    error: "ResourceNotFoundException",
  });
  expect(await call("GET", "/schedules?ScheduleGroup=jobs")).toMatchObject({ status: 404 });
  expect(await call("GET", "/schedule-groups")).toMatchObject({ error: "NotModelledException" });
  expect(await call("PATCH", "/schedules/job")).toMatchObject({ error: "UnknownOperationException" });
  expect((await fetch(`${gateway.url}/schedules/job`)).status).toBe(403);
  for (const name of ["a", "b", "c"]) {
    expect(await call("POST", `/schedules/${name}`, request(RoleArn))).toMatchObject({ status: 200 });
  }
  const first = await call("GET", "/schedules?MaxResults=2");
  expect(first.body).toMatchObject({
    Schedules: [{ Name: "a" }, { Name: "b" }],
    NextToken: expect.any(String),
  });
  const { NextToken } = first.body as { NextToken: string };
  const rest = await call("GET", `/schedules?MaxResults=2&NextToken=${encodeURIComponent(NextToken)}`);
  expect(rest.body).toEqual({ Schedules: [expect.objectContaining({ Name: "c" })] });
  const calls = world.journal.filter(({ service }) => service === "scheduler");
  expect(calls.map(({ name, status }) => `${name} ${status}`)).toEqual([
    "GetSchedule 404",
    "ListSchedules 404",
    "ListScheduleGroups 400",
    ...Array<string>(3).fill("CreateSchedule 200"),
    "ListSchedules 200",
    "ListSchedules 200",
  ]);
});

test("schedules run by themselves, whenever their time comes", async () => {
  const { apis, motoPort } = cloud();
  const stop = startScheduler(world, { apis, motoPort, settings: defaultSettings }, 50);
  try {
    const body = request(await cloud().role(), { ScheduleExpression: "rate(1 minute)" });
    await call("POST", "/schedules/job", body);
    const failed = (): number => world.journal.filter(({ name }) => name === "failed").length;
    // There is no cluster: what matters is that it was tried, and is tried again.
    await until(() => failed() > 1);
    const times = (): Set<unknown> =>
      new Set(
        world.journal.filter(({ name }) => name === "failed").map(({ detail }) => detail["scheduledTime"]),
      );
    expect(times().size).toBe(1);
    // As if it had been made 59 seconds ago: it is due in a second.
    const job = world.aws.schedules.get("job");
    if (job !== undefined) {
      world.aws.schedules.set("job", { ...job, createdAt: Date.now() - 59_000 });
    }
    await until(() => times().size === 2);
  } finally {
    await stop();
  }
});

test("queues are served by moto", async () => {
  const response = await fetch(gateway.url, {
    method: "POST",
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=local/20260101/${region}/sqs/aws4_request, Signature=none`,
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "AmazonSQS.CreateQueue",
    },
    body: JSON.stringify({ QueueName: "letters" }),
  });
  expect(await response.json()).toEqual({ QueueUrl: expect.stringMatching(`/${account}/letters$`) });
});
