import { expect, test } from "@jest/globals";
import { account, denied, parameter, reading, region, useSecrets, type Grant } from "./aws-secrets-stage";

const stage = useSecrets();

test("secrets reach only the container's environment", async () => {
  const { environment, task, known } = await stage().start(await stage().roleWith(...reading), {
    WHOLE: stage().secret,
    PASSWORD: `${stage().secret}:password::`,
    PORT_NUMBER: `${stage().secret}:port:AWSCURRENT:`,
    KEY: `${parameter}/shop/key`,
    FLAT: `${parameter}/plain`,
  });
  expect(environment).toEqual({
    PLAIN: "text",
    WHOLE: '{"password":"hunter2","port":5432}',
    PASSWORD: "hunter2",
    PORT_NUMBER: "5432",
    KEY: "value of /shop/key",
    FLAT: "value of plain",
  });
  expect(task?.desiredStatus).toBe("RUNNING");
  expect(known).not.toContain("hunter2");
  expect(known).not.toContain("value of");
});

test("each container of a task has its own secrets, and none of another's", async () => {
  const other = { name: "other", image: "registry.example/other:v1", memory: 64 };
  const { environment, others } = await stage().start(
    await stage().roleWith(...reading),
    { PASSWORD: `${stage().secret}:password::` },
    {
      others: [
        other,
        { ...other, name: "third", secrets: [{ name: "KEY", valueFrom: `${parameter}/shop/key` }] },
      ],
    },
  );
  expect(environment).toEqual({ PLAIN: "text", PASSWORD: "hunter2" });
  expect(others).toEqual([{}, { KEY: "value of /shop/key" }]);
});

test("a private registry's credentials are read by the execution role, and reach no container", async () => {
  const container = { repositoryCredentials: { credentialsParameter: stage().secret } };
  const { environment } = await stage().start(await stage().roleWith(...reading), {}, { container });
  expect(environment).toEqual({ PLAIN: "text" });
  const refused = await stage().start(await stage().roleWith(), {}, { container });
  expect(refused.task?.stopCode).toBe("TaskFailedToStart");
  expect(refused.task?.stoppedReason).toMatch(denied("secretsmanager:GetSecretValue"));
});

test.each<[string, readonly Grant[], () => string, RegExp]>([
  ["a role that may read nothing", [], () => stage().secret, denied("secretsmanager:GetSecretValue")],
  [
    "a role that may read another parameter",
    [{ Action: "ssm:GetParameters", Resource: `${parameter}/shop/other` }],
    () => `${parameter}/shop/key`,
    denied("ssm:GetParameters"),
  ],
  [
    "a role that is denied what it is allowed",
    [...reading, { Effect: "Deny", Action: "secretsmanager:*", Resource: "*" }],
    () => `${stage().secret}:password::`,
    denied("secretsmanager:GetSecretValue"),
  ],
  [
    "a secret that there isn't",
    reading,
    () => `arn:aws:secretsmanager:${region}:${account}:secret:gone-AbCdEf`,
    /Secrets Manager in region eu-west-1: secret \S+gone-AbCdEf: ResourceNotFoundException: /,
  ],
  [
    "a key that the secret lacks",
    reading,
    () => `${stage().secret}:user::`,
    /retrieved secret from Secrets Manager did not contain json key user$/,
  ],
  [
    "a parameter that there isn't",
    reading,
    () => `${parameter}/shop/gone`,
    /^Fetching secret data from SSM Parameter Store in eu-west-1: invalid parameters: \/shop\/gone$/,
  ],
])("a task with %s never starts, and says why", async (_label, grants, arn, reason) => {
  const { environment, task } = await stage().start(await stage().roleWith(...grants), { SECRET: arn() });
  expect(environment).toBeUndefined();
  expect(task).toMatchObject({
    lastStatus: "STOPPED",
    stopCode: "TaskFailedToStart",
    stoppedReason: expect.stringMatching(reason),
  });
});

test("a role that doesn't exist may read nothing", async () => {
  const { task } = await stage().start(`arn:aws:iam::${account}:role/nobody`, { SECRET: stage().secret });
  expect(task?.stoppedReason).toContain("AccessDeniedException");
});

test("a condition in a policy that isn't modelled is an error", async () => {
  const condition = { Condition: { StringEquals: { "aws:SourceAccount": account } } };
  const { task } = await stage().start(await stage().roleWith({ ...reading[0], ...condition } as Grant), {
    SECRET: stage().secret,
  });
  expect(task?.stoppedReason).toContain("The condition key aws:SourceAccount is not modelled");
});

test("a task definition with secrets needs an execution role", async () => {
  await expect(stage().start("", { SECRET: stage().secret })).rejects.toThrow(
    "you must also specify a value for 'executionRoleArn'",
  );
});
