import { createServer, type Server } from "node:http";
import { callAws, ApiError, type AwsAccount, type Input } from "./aws-account";

/** What a call of the AWS CLI ends with. */
interface Outcome {
  readonly status: number;
  readonly output: string;
}

/** A failure that the AWS CLI words itself, without an answer of AWS. */
export class CliError extends Error {}

/**
 * Answers the program `aws` of test/support/bin, which is quick to start and asks here over a Unix socket. It
 * prints the columns that the scripts ask for, whatever their --query: with the real CLI the queries are tested too.
 */
export async function serveAwsCli(account: AwsAccount, socket: string): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { status, output } = run(account, Buffer.concat(chunks).toString().split("\0").slice(0, -1));
      response.end(`${status}\n${output}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return server;
}

function run(account: AwsAccount, [service = "", command = "", ...options]: readonly string[]): Outcome {
  const operation = operationOf(command);
  try {
    const output = callAws(account, { operation, input: inputOf(options) });
    return { status: 0, output: textOf(`${service} ${operation}`, output) };
  } catch (error) {
    if (error instanceof ApiError) {
      const { code, message } = error;
      return {
        status: 255,
        output: `\nAn error occurred (${code}) when calling the ${operation} operation: ${message}`,
      };
    }
    return {
      status: 255,
      output: error instanceof CliError ? error.message : `the stand-in failed: ${String(error)}`,
    };
  }
}

/** Commands that the CLI has on top of the operations of the API. */
const madeOf: Readonly<Record<string, string>> = { "get-login-password": "GetAuthorizationToken" };

function operationOf(command: string): string {
  return madeOf[command] ?? command.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Options of the CLI itself; everything else is input of the operation. */
const cliOptions = ["region", "output", "query", "page-size", "cli-connect-timeout", "cli-read-timeout"];
const lists = ["container-instances"];

function inputOf(options: readonly string[]): Input {
  const input: Record<string, unknown> = {};
  for (let index = 0; index < options.length;) {
    const name = options[index]?.replace(/^--/, "") ?? "";
    const values: string[] = [];
    for (index += 1; index < options.length && options[index]?.startsWith("--") === false; index += 1) {
      values.push(options[index] ?? "");
    }
    if (name === "filters") {
      input["Filters"] = values.map(filterOf);
    } else if (name === "image-ids") {
      input["imageIds"] = values.map((value) => Object.fromEntries([value.split("=")]) as Input);
    } else if (!cliOptions.includes(name)) {
      const key = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      const member = key === "instanceId" ? "InstanceId" : key;
      input[member] = lists.includes(name) ? values : (values[0] ?? true);
    }
  }
  return input;
}

/** `Key=a,Values=b` in the CLI's shorthand. */
function filterOf(shorthand: string): Input {
  const [, key = "", name, list = "", value] = /^(\w+)=([^,]+),(\w+)=(.+)$/.exec(shorthand) ?? [];
  return { [key]: name, [list]: [value] };
}

/** Text output: a line per row, its columns separated by tabs, and `None` for an empty list. */
function textOf(operation: string, output: Input): string {
  const rows = tableOf(operation, output).map((row) => row.map(cell).join("\t"));
  return rows.length === 0 ? "" : `${rows.join("\n")}\n`;
}

function cell(value: unknown): string {
  return typeof value === "boolean" ? (value ? "True" : "False") : String(value);
}

function tableOf(operation: string, output: Input): unknown[][] {
  const list = (name: string) => output[name] as Input[];
  switch (operation) {
    case "sts GetCallerIdentity":
      return [[output["Account"]]];
    case "ssm DescribeInstanceInformation":
      return list("InstanceInformationList").map((instance) => [
        instance["InstanceId"],
        instance["PingStatus"],
      ]);
    case "ssm DescribeActivations":
      return list("ActivationList").map(({ ActivationId, Expired, RegistrationsCount }) => [
        ActivationId,
        Expired,
        RegistrationsCount,
      ]);
    case "ssm DeregisterManagedInstance":
    case "logs DeleteLogGroup":
      return [];
    case "logs DescribeLogGroups":
      return [list("logGroups").map(({ logGroupName }) => logGroupName)];
    case "ecs ListContainerInstances":
      return [output["containerInstanceArns"] as string[]];
    case "ecs DescribeContainerInstances":
      return list("containerInstances").map((instance) => [
        instance["containerInstanceArn"],
        instance["ec2InstanceId"],
        instance["status"],
        ...counts(instance),
        identity(instance),
      ]);
    case "ecs UpdateContainerInstancesState":
      return list("containerInstances").map(counts);
    case "ecs ListTasks":
      return [output["taskArns"] as string[]];
    case "ecr DescribeImages":
      return [list("imageDetails").map(({ imageDigest }) => imageDigest)];
    case "ecr GetAuthorizationToken":
      return list("authorizationData").map(({ authorizationToken }) => [
        Buffer.from(String(authorizationToken), "base64").toString().split(":")[1],
      ]);
    case "ecs DeregisterContainerInstance":
      return [["INACTIVE"]];
    case "ecs StopTask":
      return [["STOPPED"]];
    default:
      throw new Error(`the text of ${operation} is not modelled`);
  }
}

function counts(instance: Input): unknown[] {
  return [instance["agentConnected"], instance["runningTasksCount"], instance["pendingTasksCount"]];
}

function identity(instance: Input): string {
  const attributes = instance["attributes"] as { name: string; value: string }[];
  return ["deployment", "site", "node", "generation"]
    .map((part) => attributes.find(({ name }) => name === `anywhere.${part}`)?.value ?? "")
    .join("/");
}
