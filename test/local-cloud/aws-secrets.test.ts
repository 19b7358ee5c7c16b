import { AttachRolePolicyCommand, CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { pollAgent } from "../../local-cloud/aws/ecs/agent";
import { startMoto, type Moto } from "../../local-cloud/aws/moto/moto";
import { motoClient, type MotoClient } from "../../local-cloud/aws/moto/moto-client";
import { createTaskSecrets } from "../../local-cloud/aws/ecs/tasks/secrets";
import type { Task } from "../../local-cloud/aws/state";
import type { AgentOrders } from "../../local-cloud/machines";
import { ensurePython } from "../../local-cloud/python/environment";
import { createStage, registerRevision } from "../support/stages/ecs-stage";
import { oneSite } from "../support/synthesis/environments";
import { stackOf, synth } from "../support/synthesis/synth";

const account = "123456789012";
const region = "eu-west-1";
const parameter = `arn:aws:ssm:${region}:${account}:parameter`;

let server: Moto;
let moto: MotoClient;
/** ARN of a secret `{"password":"hunter2","port":5432}`. */
let secret: string;
/** ARN of a customer's key. */
let key: string;
/** ARN of a secret `sealed` that it encrypts. */
let sealed: string;

beforeAll(async () => {
  const directory = join(__dirname, "../../.local-cloud");
  server = await startMoto(await ensurePython(directory), "/dev/null");
  moto = motoClient(server.port, account);
  const SecretString = JSON.stringify({ password: "hunter2", port: 5432 });
  const created = await moto.json<{ KeyMetadata: { Arn: string; KeyId: string } }>(
    "kms",
    region,
    "TrentService.CreateKey",
    {},
  );
  key = created.KeyMetadata.Arn;
  const AliasName = "alias/shop";
  const { KeyId } = created.KeyMetadata;
  await moto.json("kms", region, "TrentService.CreateAlias", { AliasName, TargetKeyId: KeyId });
  secret = await createSecret("shop/db", SecretString);
  sealed = await createSecret("shop/sealed", "sealed", AliasName);
  for (const [Name, encryption] of [
    ["/shop/key", {}],
    ["plain", {}],
    ["/shop/sealed", { KeyId }],
  ] as const) {
    const input = { Name, Value: `value of ${Name}`, Type: "SecureString", ...encryption };
    await moto.json("ssm", region, "AmazonSSM.PutParameter", input);
  }
}, 660_000);

afterAll(() => server.close());

async function createSecret(Name: string, SecretString: string, KmsKeyId?: string): Promise<string> {
  const { ARN } = await moto.json<{ ARN: string }>("secretsmanager", region, "secretsmanager.CreateSecret", {
    Name,
    SecretString,
    ClientRequestToken: "00000000-0000-0000-0000-000000000000",
    ...(KmsKeyId && { KmsKeyId }),
  });
  return ARN;
}

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
function roleWith(...grants: readonly Grant[]): Promise<string> {
  const Statement = grants.map((grant) => ({ Effect: "Allow", ...grant }));
  return roleWithPolicy(
    grants.length === 0 ? undefined : JSON.stringify({ Version: "2012-10-17", Statement }),
  );
}

/** The execution role of a service with these settings. */
function roleOf(settings: {
  readonly secrets: Readonly<Record<string, string>>;
  readonly secretKeys?: string[];
}) {
  const services = { web: { ...oneSite.services.web, ...settings } };
  const stack = stackOf(synth({ ...oneSite, services }), "control-plane");
  return roleWithPolicy(stack.locals["execution_secrets"]?.["web"] as string | undefined);
}

async function roleWithPolicy(PolicyDocument?: string): Promise<string> {
  roles += 1;
  const RoleName = `execution-${roles}`;
  await moto.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: "{}" }));
  if (PolicyDocument !== undefined) {
    await moto.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "secrets", PolicyDocument }));
  }
  await moto.iam.send(
    new AttachRolePolicyCommand({
      RoleName,
      PolicyArn: "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
    }),
  );
  return `arn:aws:iam::${account}:role/${RoleName}`;
}

interface Outcome {
  readonly environment: Readonly<Record<string, string>> | undefined;
  /** Of the containers beside the first. */
  readonly others: readonly Readonly<Record<string, string>>[] | undefined;
  readonly task: Task | undefined;
  /** All that the clouds can tell about it. */
  readonly known: string;
}

/** Runs a task with these secrets on a node, until its agent has what it is to start. */
async function start(
  role: string,
  secrets: Readonly<Record<string, string>>,
  over: { readonly container?: object; readonly others?: readonly object[] } = {},
): Promise<Outcome> {
  const { world, call, addNode } = createStage();
  const { containerInstanceArn, managedInstanceId } = addNode();
  const container = {
    environment: [{ name: "PLAIN", value: "text" }],
    secrets: Object.entries(secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
    ...over.container,
  };
  registerRevision((name, input) => {
    const { containerDefinitions } = input as { containerDefinitions: object[] };
    const all = [...containerDefinitions, ...(over.others ?? [])];
    return call(name, { ...input, executionRoleArn: role, containerDefinitions: all });
  }, container);
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
    environment: assignment?.containers[0]?.environment,
    others: assignment?.containers.slice(1).map(({ environment }) => environment),
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

test("each container of a task has its own secrets, and none of another's", async () => {
  const other = { name: "other", image: "registry.example/other:v1", memory: 64 };
  const { environment, others } = await start(
    await roleWith(...reading),
    { PASSWORD: `${secret}:password::` },
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
  const container = { repositoryCredentials: { credentialsParameter: secret } };
  const { environment } = await start(await roleWith(...reading), {}, { container });
  expect(environment).toEqual({ PLAIN: "text" });
  const refused = await start(await roleWith(), {}, { container });
  expect(refused.task?.stopCode).toBe("TaskFailedToStart");
  expect(refused.task?.stoppedReason).toMatch(denied("secretsmanager:GetSecretValue"));
});

const denied = (action: string) =>
  new RegExp(
    `AccessDeniedException: User: arn:aws:sts::${account}:assumed-role/execution-\\d+/\\w+ is not authorized to perform: ${action} on resource: \\S+ because no identity-based policy allows`,
  );

/** The same ARN without the six characters that Secrets Manager has put behind the name. */
const partial = (arn: string) => arn.replace(/-\w{6}$/, "");

test.each<[string, () => string]>([
  ["whole", () => secret],
  ["partial", () => partial(secret)],
])("a deployment's execution role reads its secrets by %s ARNs", async (_label, arn) => {
  const secrets = { WHOLE: arn(), PASSWORD: `${arn()}:password::`, KEY: `${parameter}/shop/key` };
  const { environment } = await start(await roleOf({ secrets }), secrets);
  expect(environment).toMatchObject({
    WHOLE: '{"password":"hunter2","port":5432}',
    PASSWORD: "hunter2",
    KEY: "value of /shop/key",
  });
});

test("a deployment's execution role reads a secret whose name ends as if it were whole", async () => {
  const ambiguous = await createSecret("shop-secret", "odd");
  const secrets = { ODD: partial(ambiguous) };
  expect(secrets.ODD).toMatch(/:shop-secret$/);
  const { environment } = await start(await roleOf({ secrets }), secrets);
  expect(environment).toMatchObject({ ODD: "odd" });
});

test("a deployment's execution role decrypts with the keys that are named, and with no others", async () => {
  const secrets = { SEALED: sealed, PARAMETER: `${parameter}/shop/sealed` };
  const { environment } = await start(await roleOf({ secrets, secretKeys: [key] }), secrets);
  expect(environment).toMatchObject({ SEALED: "sealed", PARAMETER: "value of /shop/sealed" });

  const other = key.replace(/[0-9a-f]{12}$/, "000000000000");
  for (const secretKeys of [[], [other]]) {
    const role = await roleOf({ secrets, secretKeys });
    expect((await start(role, { SEALED: sealed })).task?.stoppedReason).toMatch(
      /sealed-\w+: AccessDeniedException: Access to KMS is not allowed$/,
    );
    expect((await start(role, { PARAMETER: secrets.PARAMETER })).task?.stoppedReason).toMatch(
      denied("kms:Decrypt"),
    );
  }
});

test("a deployment's execution role reads no secret but its own", async () => {
  const role = await roleOf({ secrets: { PASSWORD: `${partial(secret)}:password::` } });
  expect((await start(role, { SEALED: sealed })).task?.stoppedReason).toMatch(
    denied("secretsmanager:GetSecretValue"),
  );
  expect((await start(role, { KEY: `${parameter}/shop/key` })).task?.stoppedReason).toMatch(
    denied("ssm:GetParameters"),
  );
});

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

test("a condition in a policy on what isn't modelled is an error", async () => {
  const condition = { Condition: { StringEquals: { "aws:SourceAccount": account } } };
  const { task } = await start(await roleWith({ ...reading[0], ...condition } as Grant), { SECRET: secret });
  expect(task?.stoppedReason).toContain("The condition key aws:SourceAccount is not modelled");
});

test("a task definition with secrets needs an execution role", async () => {
  await expect(start("", { SECRET: secret })).rejects.toThrow(
    "you must also specify a value for 'executionRoleArn'",
  );
});
