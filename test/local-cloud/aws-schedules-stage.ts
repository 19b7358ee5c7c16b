import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { join } from "node:path";
import { afterAll, beforeAll } from "@jest/globals";
import { startMoto, type Moto } from "../../local-cloud/aws/moto/moto";
import { motoClient, type MotoClient } from "../../local-cloud/aws/moto/moto-client";
import { type Api, callOperation, loadApis } from "../../local-cloud/aws/protocol/api";
import { runSchedules } from "../../local-cloud/aws/scheduler/run-schedules";
import { ensurePython, type Python } from "../../local-cloud/python/environment";
import type { Entry } from "../../local-cloud/world";
import { createStage, registerRevision, type Stage } from "../support/stages/ecs-stage";

export const account = "123456789012";
export const region = "eu-west-1";
export const cluster = `arn:aws:ecs:${region}:${account}:cluster/anywhere`;
export const taskDefinition = `arn:aws:ecs:${region}:${account}:task-definition/app:2`;
export const taskRole = `arn:aws:iam::${account}:role/task`;

/** A statement of a policy. */
type Statement = Readonly<Record<string, unknown>>;

/** The permissions that the schedules' role needs here. */
export const needed: readonly Statement[] = [
  { Action: "ecs:RunTask", Resource: taskDefinition, Condition: { ArnEquals: { "ecs:cluster": cluster } } },
  {
    Action: "iam:PassRole",
    Resource: taskRole,
    Condition: { StringLike: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
  },
  { Action: "sqs:SendMessage", Resource: `arn:aws:sqs:${region}:${account}:*` },
];

/** Lets the scheduler of this account assume a role. */
export const trust: Statement = {
  Effect: "Allow",
  Action: "sts:AssumeRole",
  Principal: { Service: "scheduler.amazonaws.com" },
  Condition: { StringEquals: { "aws:SourceAccount": account } },
};

/** moto, and the models of the services. */
export interface Cloud {
  readonly python: Python;
  readonly apis: readonly Api[];
  readonly moto: MotoClient;
  readonly motoPort: number;
  /** Makes a role and returns its ARN. */
  role(statements?: readonly Statement[], trusted?: Statement): Promise<string>;
  /** Makes a queue and returns its ARN. */
  queue(): Promise<string>;
  /** Makes a key and returns its ARN; a symmetric one that encrypts, unless its settings say otherwise. */
  key(settings?: object): Promise<string>;
  /** Disables a key. */
  disable(key: string): Promise<void>;
  /** The messages of a queue: body and attributes. */
  messages(queue: string): Promise<{ readonly body: unknown; readonly attributes: Record<string, string> }[]>;
  /** ECS with a node, on a clock of its own, and a schedule `job` with this target. */
  scheduled(target: object, more?: object): Scheduled;
}

/** A stage whose scheduler works as time goes by. */
export interface Scheduled extends Stage {
  /** Lets time go by in steps of half a second, and does what is due. */
  readonly pass: (seconds: number) => Promise<void>;
  /** Calls an operation of the scheduler. @throws ApiError */
  readonly schedule: (operation: string, input: object) => object;
  /** The scheduler's actions, in order. */
  readonly done: () => (readonly [string, Entry["detail"]])[];
}

/** Starts moto for the tests of a file. */
export function useCloud(): () => Cloud {
  let server: Moto;
  let cloud: Cloud;
  beforeAll(async () => {
    const python = await ensurePython(join(__dirname, "../../.local-cloud"));
    server = await startMoto(python, "/dev/null");
    cloud = await createCloud(python, server.port);
  }, 660_000);
  afterAll(() => server.close());
  return () => cloud;
}

async function createCloud(python: Python, motoPort: number): Promise<Cloud> {
  const moto = motoClient(motoPort, account);
  const apis = await loadApis(python);
  let made = 0;
  const sqs = <Output>(operation: string, input: object): Promise<Output> =>
    moto.json("sqs", region, `AmazonSQS.${operation}`, input);
  const kms = <Output>(operation: string, input: object): Promise<Output> =>
    moto.json("kms", region, `TrentService.${operation}`, input);
  return {
    python,
    apis,
    moto,
    motoPort,
    role: async (statements = needed, trusted = trust) => {
      made += 1;
      const RoleName = `scheduler-${made}`;
      const document = (Statement: unknown): string => JSON.stringify({ Version: "2012-10-17", Statement });
      await moto.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document([trusted]) }));
      if (statements.length > 0) {
        const PolicyDocument = document(statements.map((one) => ({ Effect: "Allow", ...one })));
        await moto.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "p", PolicyDocument }));
      }
      return `arn:aws:iam::${account}:role/${RoleName}`;
    },
    queue: async () => {
      made += 1;
      await sqs("CreateQueue", { QueueName: `dead-${made}` });
      return `arn:aws:sqs:${region}:${account}:dead-${made}`;
    },
    key: async (settings = {}) =>
      (await kms<{ KeyMetadata: { Arn: string } }>("CreateKey", settings)).KeyMetadata.Arn,
    // moto finds it by its id alone.
    disable: (key) => kms("DisableKey", { KeyId: key.replace(/^.*\//, "") }),
    messages: async (queue) => {
      const { QueueUrl } = await sqs<{ QueueUrl: string }>("GetQueueUrl", {
        QueueName: queue.split(":").at(-1),
      });
      const { Messages = [] } = await sqs<{
        Messages?: { Body: string; MessageAttributes: Record<string, { StringValue: string }> }[];
      }>("ReceiveMessage", { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ["All"] });
      return Messages.map(({ Body, MessageAttributes }) => ({
        body: JSON.parse(Body) as unknown,
        attributes: Object.fromEntries(
          Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]),
        ),
      }));
    },
    scheduled: (target, more = {}) => {
      const stage = createStage();
      const { world, settings } = stage;
      const [ecs, scheduler] = ["ecs", "scheduler"].map((name) =>
        apis.find(({ service }) => service === name),
      );
      if (ecs === undefined || scheduler === undefined) {
        throw new Error("no such service");
      }
      // Revision 1 has a port and a health check, as a service's has.
      registerRevision((name, input) => stage.call(name, { ...input, taskRoleArn: taskRole }), {
        portMappings: [],
        healthCheck: undefined,
      });
      const schedule = (name: string, input: object): object =>
        callOperation(scheduler, name, structuredClone(input), { world, settings, now: stage.now() });
      schedule("CreateSchedule", {
        Name: "job",
        ScheduleExpression: "rate(1 minute)",
        FlexibleTimeWindow: { Mode: "OFF" },
        Target: target,
        ...more,
      });
      return {
        ...stage,
        schedule,
        pass: async (seconds) => {
          for (let passed = 0; passed < seconds; passed += 0.5) {
            stage.advance(0.5);
            await runSchedules({ place: { world, settings }, ecs, moto }, stage.now());
          }
        },
        done: () =>
          world.journal
            .filter(({ service, kind }) => service === "scheduler" && kind === "event")
            .map(({ name, detail }) => [name, detail]),
      };
    },
  };
}
