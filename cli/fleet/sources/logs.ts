import type { CloudWatchLogsClient, FilteredLogEvent } from "@aws-sdk/client-cloudwatch-logs";
import type { Config } from "../../../config/schema";
import { clientSettings } from "../../aws/client";
import { Refusal } from "../../refusals/refusal";
import { bound } from "./cluster";

/** A line that a container has printed. */
export interface LogLine {
  /** Distinguishes it from every other line. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly task: string;
  /** Name of the container. */
  readonly container: string;
  readonly message: string;
}

/** Asks CloudWatch Logs. @param more further settings of the client */
export async function withLogs<T>(
  config: Config,
  ask: (client: CloudWatchLogsClient) => Promise<T>,
  more: { readonly maxAttempts?: number } = {},
): Promise<T> {
  // Loaded here, so that commands without a cloud don't wait for it.
  const { CloudWatchLogsClient } = await import("@aws-sdk/client-cloudwatch-logs");
  const client = new CloudWatchLogsClient({ ...clientSettings(config.aws.region, bound), ...more });
  try {
    return await ask(client);
  } finally {
    client.destroy();
  }
}

/** Seconds between two looks. Source: Amazon CloudWatch Logs API Reference, quota of FilterLogEvents. */
export const lookInterval = 2;

/**
 * A line may reach CloudWatch Logs later than one that was printed after it: each look goes back this far, and never
 * starts after now, since the clock of one node may be ahead of the others'.
 */
const overlap = 30_000;

/**
 * Returns, whenever it is called, the lines of a log group that it hasn't returned before, since a time.
 *
 * @throws {Refusal} from the call, when there is no such group.
 */
export function freshLines(
  client: CloudWatchLogsClient,
  group: string,
  since: number,
): () => Promise<LogLine[]> {
  const told = new Map<string, number>();
  let start = since;
  return async () => {
    const all = await linesSince(client, group, start);
    const fresh = all.filter(({ id }) => !told.has(id));
    fresh.forEach(({ id, at }) => told.set(id, at));
    start = Math.max(start, Math.min(all.at(-1)?.at ?? 0, Date.now()) - overlap);
    told.forEach((at, id) => at < start && told.delete(id));
    return fresh;
  };
}

/** The lines of a log group since a time, in the order in which they were printed. */
async function linesSince(
  client: CloudWatchLogsClient,
  logGroupName: string,
  startTime: number,
): Promise<LogLine[]> {
  const { paginateFilterLogEvents } = await import("@aws-sdk/client-cloudwatch-logs");
  const lines: LogLine[] = [];
  try {
    for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName, startTime })) {
      lines.push(...events.map(lineFrom));
    }
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") {
      throw new Refusal(`There is no log group ${logGroupName}: deploy control-plane first.`);
    }
    throw error;
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
