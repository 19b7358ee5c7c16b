import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { resourceAt, stackOf, synth } from "../support/synthesis/synth";

const id = "0b3c1c52-5bd4-4f0f-9d0e-6a4f0c6d2f11";
const arn = `arn:aws:kms:eu-west-1:123456789012:key/${id}`;
const withKey = (kmsKeyId: string) => synth({ ...threeSites, aws: { ...threeSites.aws, kmsKeyId } });
const keyed = withKey(id);
const without = synth(threeSites);

const encrypted = [
  ["control-plane", "aws_cloudwatch_log_group.containers", { kms_key_id: arn }],
  ["control-plane", "aws_cloudwatch_log_group.insights", { kms_key_id: arn }],
  [
    "control-plane",
    "aws_ecr_repository.image",
    { encryption_configuration: [{ encryption_type: "KMS", kms_key: arn }] },
  ],
  ["control-plane", "aws_sns_topic.alerts", { kms_master_key_id: arn }],
  ["jobs", "aws_sqs_queue.dead_letters", { kms_master_key_id: arn }],
  ["jobs", "aws_scheduler_schedule.job", { kms_key_arn: arn }],
] as const;

test.each(encrypted)("in %s, the user's own key encrypts %s", (stack, address, by) => {
  expect(resourceAt(stackOf(keyed, stack), address)).toMatchObject(by);
  const [attribute = ""] = Object.keys(by);
  expect(resourceAt(stackOf(without, stack), address)).not.toHaveProperty(attribute);
});

test("a key's id and its ARN mean the same", () => {
  expect(withKey(arn)).toEqual(keyed);
});

test("the queue is encrypted by SQS's own key or by the user's, never by both, which SQS refuses", () => {
  const queueOf = (stacks: typeof without) =>
    resourceAt(stackOf(stacks, "jobs"), "aws_sqs_queue.dead_letters");
  expect(queueOf(without)).toMatchObject({ sqs_managed_sse_enabled: true });
  expect(queueOf(keyed)).not.toHaveProperty("sqs_managed_sse_enabled");
});

test("an existing repository isn't replaced for a key, since its images would be deleted", () => {
  expect(resourceAt(stackOf(keyed, "control-plane"), "aws_ecr_repository.image")).toMatchObject({
    lifecycle: { ignore_changes: ["encryption_configuration"] },
  });
});

test("the roles that send to the topic and the queue may use the key, but only if there is one", () => {
  const use = `{"Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"${arn}"}`;
  const senders = [
    ["control-plane", "aws_iam_role_policy.alert-checks-permissions"],
    ["jobs", "aws_iam_role_policy.scheduler-jobs"],
  ] as const;
  for (const [stack, address] of senders) {
    expect(resourceAt(stackOf(keyed, stack), address)["policy"]).toContain(use);
    expect(resourceAt(stackOf(without, stack), address)["policy"]).not.toContain("kms:");
  }
});

test.each([
  ["alias/logs", "aws.kmsKeyId must be the id of a KMS key or its ARN, not an alias"],
  [
    arn.replace("eu-west-1", "us-east-1"),
    "aws.kmsKeyId must be a key of eu-west-1, where the control plane is",
  ],
])("%s is refused as a key", (kmsKeyId, problem) => {
  expect(problemsOf({ ...oneSite, aws: { ...oneSite.aws, kmsKeyId } })).toEqual([
    expect.stringContaining(problem),
  ]);
});

test("the documented key policy allows exactly the services that need the key", () => {
  const page = readFileSync("docs/encryption.md", "utf8");
  const [, text = ""] = /```json\n([^]*?)```/.exec(page) ?? [];
  const { Statement: statements } = JSON.parse(text) as {
    Statement: { Principal: { Service?: string | string[] }; Condition?: object }[];
  };
  const services = statements.flatMap(({ Principal: { Service = [] } }) => Service).sort();
  expect(services).toEqual([
    "cloudwatch.amazonaws.com",
    "events.amazonaws.com",
    "logs.<region>.amazonaws.com",
  ]);
  expect(statements.filter(({ Condition }) => Condition === undefined)).toHaveLength(1);
});
