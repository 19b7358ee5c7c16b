import { createServer, type Server, type ServerResponse } from "node:http";
import { ApiError, callAws, type AwsAccount, type Input } from "./aws-account";

/** An endpoint for the real AWS CLI. */
export interface AwsEndpoint {
  readonly url: string;
  close(): void;
}

/** Lists of these operations come in pages: an empty one, then one item each. */
const paged: Readonly<Record<string, readonly [list: string, token: string]>> = {
  DescribeInstanceInformation: ["InstanceInformationList", "NextToken"],
  ListContainerInstances: ["containerInstanceArns", "nextToken"],
  ListTasks: ["taskArns", "nextToken"],
};

/** Answers SSM and ECS (JSON) and STS (query protocol) from the account, on a loopback port of its own. */
export async function serveAws(account: AwsAccount): Promise<AwsEndpoint> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const target = request.headers["x-amz-target"];
      const body = Buffer.concat(chunks).toString();
      const action = new URLSearchParams(body).get("Action") ?? "";
      if (typeof target === "string") {
        answer(response, () =>
          JSON.stringify(pageOf(account, target.split(".")[1] ?? "", JSON.parse(body) as Input)),
        );
      } else {
        answer(response, () => xml(action, callAws(account, { operation: action, input: {} })));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${portOf(server)}`, close: () => void server.close() };
}

function answer(response: ServerResponse, output: () => string): void {
  try {
    response.end(output());
  } catch (error) {
    const [status, code] = error instanceof ApiError ? [400, error.code] : [501, "NotModelled"];
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
    response.end(
      JSON.stringify({ __type: code, message: error instanceof Error ? error.message : String(error) }),
    );
  }
}

function pageOf(account: AwsAccount, operation: string, input: Input): Input {
  const output = callAws(account, { operation, input });
  const [list, token] = paged[operation] ?? [];
  if (list === undefined || token === undefined) {
    return output;
  }
  const items = output[list] as unknown[];
  const page = Number(input[token] ?? 0);
  return {
    [list]: page === 0 ? [] : items.slice(page - 1, page),
    ...(page < items.length ? { [token]: String(page + 1) } : {}),
  };
}

function xml(action: string, output: Input): string {
  const members = Object.entries(output).map(([name, value]) => `<${name}>${String(value)}</${name}>`);
  const result = `<${action}Result>${members.join("")}</${action}Result>`;
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${result}</${action}Response>`;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error("The endpoint listens on no port.");
  }
  return address.port;
}
