import type { Config } from "../config/schema";

const boundSeconds = 10;

/**
 * What is wrong with the AWS credentials, one line each; nothing when they belong to the config's account.
 * Asks STS for the caller's identity, within 10 seconds. `file` is the config's, for the remedy.
 */
export async function awsProblems(
  { aws }: Config,
  file: string,
  variables: NodeJS.ProcessEnv,
): Promise<string[]> {
  try {
    const { Account: account, Arn: arn } = await callerIdentity(aws.region);
    return account === aws.accountId
      ? []
      : [
          `the AWS credentials are of account ${account} (${arn}), and ${file} says aws.accountId ${aws.accountId}: ` +
            "choose other credentials, such as another AWS_PROFILE, or correct the file",
        ];
  } catch (error) {
    return problemsOf(error as Error, variables);
  }
}

/** What is wrong with the DigitalOcean token, one line; nothing when it is there or not needed. */
export function digitalOceanProblems({ sites }: Config, variables: NodeJS.ProcessEnv): string[] {
  const [needing] = Object.keys(sites).filter((site) => sites[site]?.kind === "digitalocean");
  // Source: DigitalOcean Terraform provider, "Argument Reference".
  const given = [variables["DIGITALOCEAN_TOKEN"], variables["DIGITALOCEAN_ACCESS_TOKEN"]].some(Boolean);
  return needing === undefined || given
    ? []
    : [
        `no DigitalOcean token for site ${needing}: set DIGITALOCEAN_TOKEN to an API token with read and write scope`,
      ];
}

async function callerIdentity(region: string) {
  // On the Node.js versions this project runs on, the SDK announces the end of their support at every start.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  // Loaded here, so that what needs no cloud doesn't wait for it.
  const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  const client = new STSClient({
    region,
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 4000, requestTimeout: 4000, throwOnRequestTimeout: true },
  });
  try {
    return await Promise.race([client.send(new GetCallerIdentityCommand({})), expiry()]);
  } finally {
    client.destroy();
  }
}

/** The bound on everything that no time-out of the request covers, such as a credential process. */
async function expiry(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => {
      reject(new Error(`no answer within ${boundSeconds} seconds`));
    }, boundSeconds * 1000).unref();
  });
}

function problemsOf(error: Error, variables: NodeJS.ProcessEnv): string[] {
  const reason = `${error.name}: ${error.message}`;
  if ("$fault" in error) {
    return [`AWS rejects the credentials (${reason}): renew them`];
  }
  if (error.name.endsWith("ProviderError")) {
    return [
      `no usable AWS credentials (${error.message}): set AWS_PROFILE, run "aws sso login", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    ];
  }
  if ((variables["HTTPS_PROXY"] ?? variables["https_proxy"] ?? "") !== "") {
    // The SDK knows no proxies; Terraform's provider does, and compares the account as well.
    console.error(
      `The AWS account was not checked: there is a proxy, and no direct way to AWS STS (${error.message}).`,
    );
    return [];
  }
  return [
    `AWS STS can't be reached (${error.message}): check the network, and AWS_ENDPOINT_URL when it is set`,
  ];
}
