import * as ecsSdk from "@aws-sdk/client-ecs";
import * as ssmSdk from "@aws-sdk/client-ssm";
import { mustRun } from "../../../demo/command";
import type { LocalCloud } from "../../../local-cloud/start";
import { awsClients } from "../observation/clouds";

/** A client of AWS that others wrote. */
export interface AwsClient {
  /** Calls an operation of ECS, and returns the client's reading of the answer. @throws the client's own error */
  ecs(operation: string, input: object): Promise<object>;
  /** The same for Systems Manager. */
  ssm(operation: string, input: object): Promise<object>;
  close(): void;
}

/** The AWS CLI: a command for each call. It collects the pages of a list by itself. */
export function commandLine({ variables }: LocalCloud): AwsClient {
  const call = async (service: string, operation: string, input: object): Promise<object> => {
    const command = operation.replace(/(?!^)[A-Z]/g, "-$&").toLowerCase();
    const printed = await mustRun({
      program: "aws",
      args: [
        ...[service, command, "--region", "eu-west-1", "--output", "json"],
        ...["--cli-input-json", JSON.stringify(input)],
      ],
      variables,
      folder: process.cwd(),
      log: undefined,
      seconds: 60,
    });
    return printed === "" ? {} : (JSON.parse(printed) as object);
  };
  return {
    ecs: (operation, input) => call("ecs", operation, input),
    ssm: (operation, input) => call("ssm", operation, input),
    close: () => undefined,
  };
}

/** The AWS SDK for JavaScript: a command object for each call, or its paginator where it has one. */
export function javaScriptSdk(cloud: LocalCloud): AwsClient {
  const { ecs, ssm } = awsClients(cloud);
  return {
    ecs: async (operation, input) =>
      (await pagesOf(ecsSdk, operation, ecs, input)) ??
      ecs.send(new (commandOf(ecsSdk, operation) as New<Parameters<typeof ecs.send>[0]>)(input)),
    ssm: async (operation, input) =>
      (await pagesOf(ssmSdk, operation, ssm, input)) ??
      ssm.send(new (commandOf(ssmSdk, operation) as New<Parameters<typeof ssm.send>[0]>)(input)),
    close: () => {
      ecs.destroy();
      ssm.destroy();
    },
  };
}

type Paginate = (configuration: { client: object }, input: object) => AsyncIterable<object>;
type New<Command> = new (input: object) => Command;

function member(module: object, name: string): unknown {
  return Object.entries(module).find(([key]) => key === name)?.[1];
}

function commandOf(module: object, operation: string): unknown {
  const command = member(module, `${operation}Command`);
  if (command === undefined) {
    throw new Error(`The SDK has no ${operation}Command`);
  }
  return command;
}

/** The findings of the SDK's paginator, in one answer; undefined where it has none for this operation. */
async function pagesOf(
  module: object,
  operation: string,
  client: object,
  input: object,
): Promise<object | undefined> {
  const paginate = member(module, `paginate${operation}`) as Paginate | undefined;
  if (paginate === undefined) {
    return undefined;
  }
  const whole: Record<string, unknown[]> = {};
  // It writes its token into what it is given.
  for await (const page of paginate({ client }, { ...input })) {
    for (const [name, items] of Object.entries(page)) {
      if (Array.isArray(items)) {
        whole[name] = [...(whole[name] ?? []), ...(items as unknown[])];
      }
    }
  }
  return whole;
}
