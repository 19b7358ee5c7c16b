import { executionOf } from "../../config/backend-rules";
import type { LoadedEnvironment } from "../../config/load";
import { isComputeStack } from "../terraform/stacks";
import { ask, clientSettings } from "../aws/client";
import { refusedBy } from "../aws/refused";
import { checkSeconds, type Check, type Undertaking } from "./check";
import { unreachable } from "./reachability";
import { bucketProblems } from "./state-bucket";

/**
 * Whether the AWS credentials belong to the right account, and can access the states' bucket if there is one. A plan of
 * compute stacks needs neither: they have no AWS provider, and their scripts don't run. Where HCP Terraform runs
 * Terraform, credentials are needed here only to examine nodes that a deploy would replace.
 */
export const awsProblems: Check = async (undertaking) => {
  const { command, environment, selected } = undertaking;
  const { backend } = environment.config;
  if (command === "diff" && backend.kind !== "s3" && selected.every(isComputeStack)) {
    return [];
  }
  if (executionOf(backend) !== "local" && (command !== "deploy" || !selected.some(isComputeStack))) {
    return [];
  }
  // With the wrong credentials, every further answer would be misleading.
  const wrong = await accountProblems(undertaking);
  return wrong.length > 0 || backend.kind !== "s3" ? wrong : bucketProblems(backend, undertaking);
};

async function accountProblems(undertaking: Undertaking): Promise<string[]> {
  const { environment, deadline } = undertaking;
  const { region, accountId } = environment.config.aws;
  try {
    const { account, arn } = await callerIdentity(region, deadline);
    return account === accountId ? [] : [`the ${otherAccount({ account, arn }, environment)}`];
  } catch (error) {
    return problemsOf(error as Error, undertaking);
  }
}

/** States that the caller's account differs from the file's, to follow an article in a sentence. */
export function otherAccount(
  { account, arn }: Pick<Caller, "account" | "arn">,
  { config, file }: Pick<LoadedEnvironment, "config" | "file">,
): string {
  return (
    `AWS credentials belong to account ${account} (${arn}), and ${file} says aws.accountId ${config.aws.accountId}: ` +
    "choose other credentials, such as another AWS_PROFILE, or correct the file"
  );
}

/** The caller's identity at AWS, and AWS's time. */
export interface Caller {
  readonly account: string | undefined;
  readonly arn: string | undefined;
  /** Milliseconds by which this computer's clock is ahead of AWS's; undefined when AWS doesn't report the time. */
  readonly ahead: number | undefined;
}

export async function callerIdentity(region: string, deadline: AbortSignal): Promise<Caller> {
  // Loaded here, so that commands without a cloud don't wait for it.
  const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  const client = new STSClient(clientSettings(region, checkSeconds));
  let ahead: number | undefined;
  // Closest to the wire: it sees the response as it arrived.
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> };
      ahead = headers?.["date"] === undefined ? undefined : Date.now() - Date.parse(headers["date"]);
      return result;
    },
    { step: "deserialize", priority: "low" },
  );
  const { Account: account, Arn: arn } = await ask(
    client,
    (sts) => sts.send(new GetCallerIdentityCommand({}), { abortSignal: deadline }),
    deadline,
  );
  return { account, arn, ahead };
}

function problemsOf(error: Error, undertaking: Undertaking): string[] {
  if (refusedBy(error) !== undefined) {
    return [`AWS rejects the credentials (${error.name}: ${error.message}): renew them`];
  }
  if (error.name.endsWith("ProviderError")) {
    return [
      `no usable AWS credentials (${error.message}): set AWS_PROFILE, run "aws sso login", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    ];
  }
  const sts = {
    name: "AWS STS",
    subject: "The AWS account was",
    setting: "AWS_ENDPOINT_URL if it is set",
  };
  return unreachable(sts, error, undertaking);
}
