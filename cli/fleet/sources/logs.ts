import type { CloudWatchLogsClient, FilteredLogEvent } from "@aws-sdk/client-cloudwatch-logs";
import type { Config } from "../../../config/schema";
import { clientSettings } from "../../aws/client";
import { bound } from "./cluster";

/** A line that a container has printed. */
export interface LogLine {
  /** Tells it from every other line. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly task: string;
  /** Name of the container. */
  readonly container: string;
  readonly message: string;
}

/** Asks CloudWatch Logs. */
export async function withLogs<T>(
  config: Config,
  ask: (client: CloudWatchLogsClient) => Promise<T>,
): Promise<T> {
  // Loaded here, so that what needs no cloud doesn't wait for it.
  const { CloudWatchLogsClient } = await import("@aws-sdk/client-cloudwatch-logs");
  const client = new CloudWatchLogsClient(clientSettings(config.aws.region, bound));
  try {
    return await ask(client);
  } finally {
    client.destroy();
  }
}

/** The lines of a log group since a time, in the order in which they were printed. */
export async function linesSince(
  client: CloudWatchLogsClient,
  logGroupName: string,
  startTime: number,
): Promise<LogLine[]> {
  const { paginateFilterLogEvents } = await import("@aws-sdk/client-cloudwatch-logs");
  const lines: LogLine[] = [];
  for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName, startTime })) {
    lines.push(...events.map(lineFrom));
  }
  return lines.sort((one, other) => one.at - other.at);
}

/** Source: Amazon ECS Developer Guide, "awslogs log driver options": a stream is prefix/container/task. */
function lineFrom({
  eventId = "",
  timestamp = 0,
  logStreamName = "",
  message = "",
}: FilteredLogEvent): LogLine {
  const [, container = "", task = ""] = logStreamName.split("/");
  return { id: eventId, at: timestamp, task, container, message: message.trimEnd() };
}
