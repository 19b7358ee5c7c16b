import { AttachRolePolicyCommand, CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { pollAgent } from "../../local-cloud/aws/ecs/agent";
import { createTaskSecrets } from "../../local-cloud/aws/ecs/tasks/secrets";
import { startMoto, type Moto } from "../../local-cloud/aws/moto/moto";
import { motoClient, type MotoClient } from "../../local-cloud/aws/moto/moto-client";
import type { Task } from "../../local-cloud/aws/state";
import type { AgentOrders } from "../../local-cloud/machines";
import { ensurePython } from "../../local-cloud/python/environment";
import { createStage, registerRevision } from "../support/stages/ecs-stage";

export const account = "123456789012";
export const region = "eu-west-1";
export const parameter = `arn:aws:ssm:${region}:${account}:parameter`;

/** A statement of a policy. */
export interface Grant {
  readonly Effect?: "Allow" | "Deny";
  readonly Action: string;
  readonly Resource: string;
}

export const reading: Grant[] = [
  { Action: "secretsmanager:GetSecretValue", Resource: "*" },
  { Action: "ssm:GetParameters", Resource: `${parameter}/*` },
];

/** An account in moto with secrets, a key and parameters. */
export interface SecretsStage {
  /** ARN of a secret `{"password":"hunter2","port":5432}`. */
  readonly secret: string;
  /** ARN of a customer's key. */
  readonly key: string;
  /** ARN of a secret `sealed` that it encrypts. */
  readonly sealed: string;
  /** Makes a secret and returns its ARN. */
  createSecret(name: string, value: string, key?: string): Promise<string>;
  /** Makes a role with these statements, in a policy of its own, and returns its ARN. */
  roleWith(...grants: readonly Grant[]): Promise<string>;
  /** Makes an execution role with this policy, or without one. */
  roleWithPolicy(policy?: string): Promise<string>;
  /** Runs a task with these secrets on a node, until its agent has what it is to start. */
  start(
    role: string,
    secrets: Readonly<Record<string, string>>,
    over?: { readonly container?: object; readonly others?: readonly object[] },
  ): Promise<Outcome>;
}

/** The outcome of a task. */
export interface Outcome {
  readonly environment: Readonly<Record<string, string>> | undefined;
  /** Of the containers beside the first. */
  readonly others: readonly Readonly<Record<string, string>>[] | undefined;
  readonly task: Task | undefined;
  /** All that the clouds can tell about it. */
  readonly known: string;
}

/** Starts moto for the tests of a file, and fills the account. */
export function useSecrets(): () => SecretsStage {
  let server: Moto;
  let stage: SecretsStage;

  beforeAll(async () => {
    server = await startMoto(await ensurePython(join(__dirname, "../../.local-cloud")), "/dev/null");
    stage = await fill(motoClient(server.port, account));
  }, 660_000);

  afterAll(() => server.close());

  return () => stage;
}

async function fill(moto: MotoClient): Promise<SecretsStage> {
  const createSecret: SecretsStage["createSecret"] = async (Name, SecretString, KmsKeyId) => {
    const { ARN } = await moto.json<{ ARN: string }>(
      "secretsmanager",
      region,
      "secretsmanager.CreateSecret",
      {
        Name,
        SecretString,
        ClientRequestToken: "00000000-0000-0000-0000-000000000000",
        ...(KmsKeyId && { KmsKeyId }),
      },
    );
    return ARN;
  };
  let roles = 0;
  const roleWithPolicy: SecretsStage["roleWithPolicy"] = async (PolicyDocument) => {
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
  };
  const { KeyMetadata } = await moto.json<{ KeyMetadata: { Arn: string; KeyId: string } }>(
    "kms",
    region,
    "TrentService.CreateKey",
    {},
  );
  const AliasName = "alias/shop";
  const { KeyId } = KeyMetadata;
  await moto.json("kms", region, "TrentService.CreateAlias", { AliasName, TargetKeyId: KeyId });
  for (const [Name, encryption] of [
    ["/shop/key", {}],
    ["plain", {}],
    ["/shop/sealed", { KeyId }],
  ] as const) {
    const input = { Name, Value: `value of ${Name}`, Type: "SecureString", ...encryption };
    await moto.json("ssm", region, "AmazonSSM.PutParameter", input);
  }
  return {
    key: KeyMetadata.Arn,
    secret: await createSecret("shop/db", JSON.stringify({ password: "hunter2", port: 5432 })),
    sealed: await createSecret("shop/sealed", "sealed", AliasName),
    createSecret,
    roleWith: (...grants) => {
      const Statement = grants.map((grant) => ({ Effect: "Allow", ...grant }));
      return roleWithPolicy(
        grants.length === 0 ? undefined : JSON.stringify({ Version: "2012-10-17", Statement }),
      );
    },
    roleWithPolicy,
    start: (role, secrets, over) => start(moto, role, secrets, over),
  };
}

async function start(
  moto: MotoClient,
  role: string,
  secrets: Readonly<Record<string, string>>,
  over: { readonly container?: object; readonly others?: readonly object[] } = {},
): Promise<Outcome> {
  const { world, settings, call, addNode } = createStage();
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
  const ask = (): AgentOrders => pollAgent({ world, settings, now: 0 }, poll, (task) => read.of(task));
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

/** Why a task hasn't started whose execution role may not do this. */
export const denied = (action: string) =>
  new RegExp(
    `AccessDeniedException: User: arn:aws:sts::${account}:assumed-role/execution-\\d+/\\w+ is not authorized to perform: ${action} on resource: \\S+ because no identity-based policy allows`,
  );
