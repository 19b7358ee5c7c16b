import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { pollAgent } from "../../../local-cloud/aws/agent";
import { startMoto, type Moto } from "../../../local-cloud/aws/moto";
import { motoClient, type MotoClient } from "../../../local-cloud/aws/moto-client";
import { createTaskSecrets } from "../../../local-cloud/aws/secrets";
import type { Task } from "../../../local-cloud/aws/state";
import type { AgentOrders } from "../../../local-cloud/machines";
import { ensurePython } from "../../../local-cloud/python";
import { createStage, registerRevision } from "../../support/ecs-stage";

const account = "123456789012";
const region = "eu-west-1";
const parameter = `arn:aws:ssm:${region}:${account}:parameter`;

let server: Moto;
let moto: MotoClient;
/** ARN of a secret `{"password":"hunter2","port":5432}`. */
let secret: string;

beforeAll(async () => {
  const directory = join(__dirname, "../../../.local-cloud");
  server = await startMoto(await ensurePython(directory), "/dev/null");
  moto = motoClient(server.port, account);
  const SecretString = JSON.stringify({ password: "hunter2", port: 5432 });
  const token = { ClientRequestToken: "00000000-0000-0000-0000-000000000000" };
  const created = await moto.json<{ ARN: string }>("secretsmanager", region, "secretsmanager.CreateSecret", {
    Name: "shop/db",
    SecretString,
    ...token,
  });
  secret = created.ARN;
  for (const Name of ["/shop/key", "plain"]) {
    const input = { Name, Value: `value of ${Name}`, Type: "SecureString" };
    await moto.json("ssm", region, "AmazonSSM.PutParameter", input);
  }
}, 660_000);

afterAll(() => server.close());

interface Grant {
  readonly Effect?: "Allow" | "Deny";
  readonly Action: string;
  readonly Resource: string;
}

const reading: Grant[] = [
  { Action: "secretsmanager:GetSecretValue", Resource: "*" },
  { Action: "ssm:GetParameters", Resource: `${parameter}/*` },
];

let roles = 0;

/** A role with these statements, in a policy of its own. */
async function roleWith(...grants: readonly Grant[]): Promise<string> {
  roles += 1;
  const RoleName = `execution-${roles}`;
  await moto.iam("CreateRole", { RoleName, AssumeRolePolicyDocument: "{}" });
  if (grants.length > 0) {
    const Statement = grants.map((grant) => ({ Effect: "Allow", ...grant }));
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await moto.iam("PutRolePolicy", { RoleName, PolicyName: "secrets", PolicyDocument });
  }
  await moto.iam("AttachRolePolicy", {
    RoleName,
    PolicyArn: "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
  });
  return `arn:aws:iam::${account}:role/${RoleName}`;
}

interface Outcome {
  readonly environment: Readonly<Record<string, string>> | undefined;
  readonly task: Task | undefined;
  /** All that the clouds can tell about it. */
  readonly known: string;
}

/** Runs a task with these secrets on a node, until its agent has what it is to start. */
async function start(role: string, secrets: Readonly<Record<string, string>>): Promise<Outcome> {
  const { world, call, addNode } = createStage();
  const { containerInstanceArn, managedInstanceId } = addNode();
  const container = {
    environment: [{ name: "PLAIN", value: "text" }],
    secrets: Object.entries(secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
  };
  registerRevision((name, input) => call(name, { ...input, executionRoleArn: role }), container);
  call("RunTask", { cluster: "anywhere", taskDefinition: "app", launchType: "EXTERNAL" });
  const read = createTaskSecrets(world, moto);
  const poll = { machine: "one", managedInstanceId, containerInstanceArn, tasks: [] };
  const ask = (): AgentOrders => pollAgent(world, poll, 0, (task) => read.of(task));
  expect(ask().tasks).toEqual([]);
  await read.prepare(poll);
  const [assignment] = ask().tasks;
  const [task] = world.aws.tasks.values();
  const described = call("DescribeTaskDefinition", { taskDefinition: "app" });
  return {
    environment: assignment?.container.environment,
    task,
    known: JSON.stringify([world.journal, [...world.aws.tasks], described]),
  };
}

test("secrets reach the container's environment, and nothing else", async () => {
  const { environment, task, known } = await start(await roleWith(...reading), {
    WHOLE: secret,
    PASSWORD: `${secret}:password::`,
    PORT_NUMBER: `${secret}:port:AWSCURRENT:`,
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

const denied = (action: string) =>
  new RegExp(
    `AccessDeniedException: User: arn:aws:sts::${account}:assumed-role/execution-\\d+/\\w+ is not authorized to perform: ${action} on resource: \\S+ because no identity-based policy allows`,
  );

test.each<[string, readonly Grant[], () => string, RegExp]>([
  ["a role that may read nothing", [], () => secret, denied("secretsmanager:GetSecretValue")],
  [
    "a role that may read another parameter",
    [{ Action: "ssm:GetParameters", Resource: `${parameter}/shop/other` }],
    () => `${parameter}/shop/key`,
    denied("ssm:GetParameters"),
  ],
  [
    "a role that is denied what it is allowed",
    [...reading, { Effect: "Deny", Action: "secretsmanager:*", Resource: "*" }],
    () => `${secret}:password::`,
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
    () => `${secret}:user::`,
    /retrieved secret from Secrets Manager did not contain json key user$/,
  ],
  [
    "a parameter that there isn't",
    reading,
    () => `${parameter}/shop/gone`,
    /^Fetching secret data from SSM Parameter Store in eu-west-1: invalid parameters: \/shop\/gone$/,
  ],
])("a task with %s never starts, and says why", async (_label, grants, arn, reason) => {
  const { environment, task } = await start(await roleWith(...grants), { SECRET: arn() });
  expect(environment).toBeUndefined();
  expect(task).toMatchObject({
    lastStatus: "STOPPED",
    stopCode: "TaskFailedToStart",
    stoppedReason: expect.stringMatching(reason),
  });
});

test("a role that there isn't may read nothing", async () => {
  const { task } = await start(`arn:aws:iam::${account}:role/nobody`, { SECRET: secret });
  expect(task?.stoppedReason).toContain("AccessDeniedException");
});

test("a condition in a policy is an error, since it isn't modelled", async () => {
  const condition = { Condition: { StringEquals: { "aws:SourceAccount": account } } };
  const { task } = await start(await roleWith({ ...reading[0], ...condition } as Grant), { SECRET: secret });
  expect(task?.stoppedReason).toContain("Condition in a policy's statement is not modelled");
});

test("a task definition with secrets needs an execution role", async () => {
  await expect(start("", { SECRET: secret })).rejects.toThrow(
    "you must also specify a value for 'executionRoleArn'",
  );
});
