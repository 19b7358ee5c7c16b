import { isComputeStack } from "../terraform/stacks";
import { ask, clientSettings } from "../aws/client";
import { refusedBy } from "../aws/refused";
import { checkSeconds, type Check, type Undertaking } from "./check";
import { unreachable } from "./reachability";
import { bucketProblems } from "./state-bucket";

/**
 * Whether the AWS credentials are the right account's, and open the states' bucket when there is one. A plan of
 * compute stacks needs neither: they have no AWS provider, and their scripts don't run.
 */
export const awsProblems: Check = async (undertaking) => {
  const { command, environment, selected } = undertaking;
  const { backend } = environment.config;
  if (command === "diff" && backend.kind !== "s3" && selected.every(isComputeStack)) {
    return [];
  }
  // With credentials that aren't right, every further answer would be a riddle.
  const wrong = await accountProblems(undertaking);
  return wrong.length > 0 || backend.kind !== "s3" ? wrong : bucketProblems(backend, undertaking);
};

async function accountProblems({ environment, variables, deadline }: Undertaking): Promise<string[]> {
  const { config, file } = environment;
  const { region, accountId } = config.aws;
  try {
    const { Account: account, Arn: arn } = await callerIdentity(region, deadline);
    return account === accountId
      ? []
      : [
          `the AWS credentials are of account ${account} (${arn}), and ${file} says aws.accountId ${accountId}: ` +
            "choose other credentials, such as another AWS_PROFILE, or correct the file",
        ];
  } catch (error) {
    return problemsOf(error as Error, variables);
  }
}

async function callerIdentity(region: string, deadline: AbortSignal) {
  // Loaded here, so that what needs no cloud doesn't wait for it.
  const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  return ask(
    new STSClient(clientSettings(region, checkSeconds)),
    (client) => client.send(new GetCallerIdentityCommand({}), { abortSignal: deadline }),
    deadline,
  );
}

function problemsOf(error: Error, variables: NodeJS.ProcessEnv): string[] {
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
    setting: "AWS_ENDPOINT_URL when it is set",
  };
  return unreachable(sts, error, variables);
}
