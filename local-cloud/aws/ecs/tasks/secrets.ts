import type { AgentPoll } from "../../../machines";
import type { World } from "../../../world";
import type { Context } from "../../context";
import { type MotoClient, MotoError } from "../../moto/moto-client";
import { isPermitted } from "../../moto/permissions";
import { tasksOn } from "../placement";
import type { Task } from "../../state";

/** The values of a task's `secrets`, by the containers' and the variables' names, or why they can't be read. */
export type Secrets =
  | { readonly values: Readonly<Record<string, Readonly<Record<string, string>>>> }
  | { readonly failure: string };

/** The secrets of started tasks. They are kept apart from the world, which everybody may read. */
export interface TaskSecrets {
  /** Reads the secrets of the tasks that this agent hasn't received yet. */
  prepare(poll: AgentPoll): Promise<void>;
  /** A task's secrets, once read; undefined before, and for a task without secrets. */
  of(taskArn: string): Secrets | undefined;
}

/** The place of a variable's value, or of a private registry's credentials. */
interface Source {
  readonly container: string;
  /** Undefined for a registry's credentials. */
  readonly variable: string | undefined;
  readonly arn: string;
}

/** Reads secrets where moto keeps them, as the execution role that a task's definition names. */
export function createTaskSecrets(world: World, moto: MotoClient): TaskSecrets {
  const read = new Map<string, Secrets>();
  return {
    prepare: async ({ containerInstanceArn, tasks }) => {
      for (const arn of read.keys()) {
        if ((world.aws.tasks.get(arn)?.lastStatus ?? "STOPPED") === "STOPPED") {
          read.delete(arn);
        }
      }
      const instance = world.aws.containerInstances.get(containerInstanceArn);
      const starting = (instance === undefined ? [] : tasksOn({ world }, instance)).filter(
        ({ arn, desiredStatus }) =>
          desiredStatus === "RUNNING" && !read.has(arn) && !tasks.some(({ taskArn }) => taskArn === arn),
      );
      for (const task of starting) {
        const sources = sourcesOf({ world }, task);
        if (sources.length > 0) {
          read.set(task.arn, await readSecrets(world, moto, task, sources));
        }
      }
    },
    of: (taskArn) => read.get(taskArn),
  };
}

/** The secret parts of a task. */
export function sourcesOf({ world }: Pick<Context, "world">, { taskDefinitionArn }: Task): Source[] {
  const containers = world.aws.taskDefinitions.get(taskDefinitionArn)?.definition.containerDefinitions ?? [];
  return containers.flatMap(({ name: container = "", secrets = [], repositoryCredentials }) => [
    ...secrets.map(({ name, valueFrom: arn = "" }) => ({ container, variable: name, arn })),
    ...(repositoryCredentials === undefined
      ? []
      : [{ container, variable: undefined, arn: repositoryCredentials.credentialsParameter ?? "" }]),
  ]);
}

async function readSecrets(
  { aws }: World,
  moto: MotoClient,
  { arn, taskDefinitionArn }: Task,
  sources: readonly Source[],
): Promise<Secrets> {
  const role = aws.taskDefinitions.get(taskDefinitionArn)?.definition.executionRoleArn ?? "";
  const session = arn.split("/").at(-1) ?? "";
  try {
    const values: Record<string, Record<string, string>> = {};
    for (const { container, variable, arn: from } of sources) {
      const value = await readSecret(moto, { role, session }, from);
      if (variable !== undefined) {
        values[container] = { ...values[container], [variable]: value };
      }
    }
    return { values };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** The reader: an execution role, for a task. */
interface Reader {
  readonly role: string;
  readonly session: string;
}

/**
 * If a secret can't be read, the error is the ECS agent's reason for the stopped task. Source:
 * github.com/aws/amazon-ecs-agent.
 */
async function readSecret(moto: MotoClient, reader: Reader, arn: string): Promise<string> {
  const [, , service, region = ""] = arn.split(":");
  switch (service) {
    case "secretsmanager":
      return explained(
        `Fetching secret data from AWS Secrets Manager in region ${region}: secret ${arn}`,
        readSecretsManager(moto, reader, arn),
      );
    case "ssm":
      return explained(
        `Fetching secret data from SSM Parameter Store in ${region}`,
        readParameterStore(moto, reader, arn),
      );
    default:
      throw new Error(`The secret ${arn} is not modelled by the local cloud: give an ARN.`);
  }
}

async function explained(what: string, reading: Promise<string>): Promise<string> {
  try {
    return await reading;
  } catch (error) {
    const code = error instanceof MotoError ? `${error.code}: ` : "";
    throw new Error(`${what}: ${code}${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/**
 * An ARN of seven parts is a secret's own, with or without the six characters that Secrets Manager appends to its name;
 * a key of its JSON, a stage and a version may follow. Policies are checked for the full ARN in either case.
 */
async function readSecretsManager(moto: MotoClient, reader: Reader, arn: string): Promise<string> {
  const [key = "", stage = "", version = ""] = arn.split(":").slice(7);
  const SecretId = arn.split(":").slice(0, 7).join(":");
  const region = arn.split(":")[3] ?? "";
  const { ARN = SecretId, KmsKeyId } = await described(moto, region, SecretId);
  await demand(moto, reader, "secretsmanager:GetSecretValue", ARN);
  await demandKey(moto, reader, region, KmsKeyId ?? undefined, "Access to KMS is not allowed");
  const { SecretString: text } = await moto.json<{ SecretString?: string }>(
    "secretsmanager",
    region,
    "secretsmanager.GetSecretValue",
    { SecretId, ...(stage && { VersionStage: stage }), ...(version && { VersionId: version }) },
  );
  if (text === undefined) {
    throw new Error("a binary secret is not modelled by the local cloud");
  }
  if (key === "") {
    return text;
  }
  const value = (JSON.parse(text) as Readonly<Record<string, unknown>>)[key];
  if (value === undefined) {
    throw new Error(`retrieved secret from Secrets Manager did not contain json key ${key}`);
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

interface DescribedSecret {
  readonly ARN?: string;
  /** moto writes null where the service leaves it out. */
  readonly KmsKeyId?: string | null;
}

/** A secret's description; empty for one that doesn't exist, which reading it reports. */
async function described(moto: MotoClient, region: string, SecretId: string): Promise<DescribedSecret> {
  try {
    return await moto.json("secretsmanager", region, "secretsmanager.DescribeSecret", { SecretId });
  } catch (error) {
    if (error instanceof MotoError && error.code === "ResourceNotFoundException") {
      return {};
    }
    throw error;
  }
}

async function readParameterStore(moto: MotoClient, reader: Reader, arn: string): Promise<string> {
  const region = arn.split(":")[3] ?? "";
  await demand(moto, reader, "ssm:GetParameters", arn);
  const path = arn.replace(/^.*?:parameter/, "");
  // A name without a hierarchy has no leading slash.
  const name = path.lastIndexOf("/") === 0 ? path.slice(1) : path;
  const { Parameters: found } = await moto.json<{ Parameters: { KeyId?: string }[] }>(
    "ssm",
    region,
    "AmazonSSM.DescribeParameters",
    { ParameterFilters: [{ Key: "Name", Option: "Equals", Values: [name] }] },
  );
  await demandKey(moto, reader, region, found[0]?.KeyId);
  const {
    Parameters: [parameter],
  } = await moto.json<{ Parameters: { Value: string }[] }>("ssm", region, "AmazonSSM.GetParameters", {
    Names: [name],
    WithDecryption: true,
  });
  if (parameter === undefined) {
    throw new Error(`invalid parameters: ${name}`);
  }
  return parameter.Value;
}

/**
 * A customer's key needs its own permission, whatever alias names it; AWS's own keys of the two services let everybody
 * in the account decrypt through the service.
 * @param refusal the service's message instead of IAM's
 */
async function demandKey(
  moto: MotoClient,
  reader: Reader,
  region: string,
  KeyId: string | undefined,
  refusal?: string,
): Promise<void> {
  if (KeyId === undefined || KeyId.startsWith("alias/aws/")) {
    return;
  }
  const { KeyMetadata } = await moto.json<{ KeyMetadata: { Arn: string } }>(
    "kms",
    region,
    "TrentService.DescribeKey",
    { KeyId },
  );
  try {
    await demand(moto, reader, "kms:Decrypt", KeyMetadata.Arn);
  } catch (error) {
    throw error instanceof MotoError && refusal !== undefined ? new MotoError(error.code, refusal) : error;
  }
}

/** @throws MotoError in IAM's words */
async function demand(
  moto: MotoClient,
  { role, session }: Reader,
  action: string,
  resource: string,
): Promise<void> {
  const [name = "", account = ""] = [role.split("/").at(-1), role.split(":")[4]];
  if (!(await isPermitted(moto, name, { action, resource }))) {
    throw new MotoError(
      "AccessDeniedException",
      `User: arn:aws:sts::${account}:assumed-role/${name}/${session} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
    );
  }
}
