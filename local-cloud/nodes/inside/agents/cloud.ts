import { postOverSocket } from "../../../http-server";
import type { Settings } from "../settings";

const timeoutMilliseconds = 10_000;

/** An answer that isn't a success. */
export class CloudError extends Error {
  constructor(
    /** The service's error code, as `ClientException`. */
    readonly code: string,
    readonly status: number,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }
}

/** Sends JSON to the clouds' Unix socket and returns the JSON of the answer. Throws {@link CloudError}. */
export async function post(
  settings: Settings,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<unknown> {
  const { status, text } = await postOverSocket(settings.cloudSocket, path, {
    body: JSON.stringify(body),
    headers,
    timeoutMilliseconds,
    signal,
  });
  const answer: unknown = text === "" ? {} : JSON.parse(text);
  if (status !== 200) {
    const type = textOf(answer, "__type") ?? textOf(answer, "code") ?? "Error";
    const message = textOf(answer, "message") ?? textOf(answer, "Message") ?? text;
    throw new CloudError(type.slice(type.lastIndexOf("#") + 1), status, message);
  }
  return answer;
}

const targets = { ssm: "AmazonSSM", ecs: "AmazonEC2ContainerServiceV20141113" };

/** One operation of AWS in its JSON 1.1 protocol, as an agent calls it. */
export function callAws(
  settings: Settings,
  agent: string,
  service: keyof typeof targets,
  operation: string,
  input: object,
): Promise<unknown> {
  return post(settings, "/", input, {
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": `${targets[service]}.${operation}`,
    "user-agent": `${agent} (${settings.machine})`,
  });
}

/** A text member of an answer, if it is there. */
export function textOf(value: unknown, ...path: readonly string[]): string | undefined {
  let member = value;
  for (const name of path) {
    member =
      typeof member === "object" && member !== null
        ? Object.entries(member).find(([key]) => key === name)?.[1]
        : undefined;
  }
  return typeof member === "string" ? member : undefined;
}
