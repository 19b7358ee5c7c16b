import { readBody, serveOnLoopback } from "../../../local-cloud/http-server";

interface PrintedEvent {
  readonly eventId: string;
  readonly timestamp: number;
  readonly logStreamName: string;
  readonly message: string;
}

/** CloudWatch Logs as far as log groups are read, found and deleted. */
export interface StandInLogs {
  readonly url: string;
  /** Tags of each log group, by its name. */
  readonly groups: Map<string, Readonly<Record<string, string>>>;
  /** Events of a group. */
  printed: (group: string) => readonly PrintedEvent[];
  close(): Promise<void>;
}

interface Question {
  readonly logGroupNamePrefix?: string;
  readonly resourceArn?: string;
  readonly logGroupName?: string;
  readonly startTime?: number;
}

export async function serveLogs(): Promise<StandInLogs> {
  const groups: StandInLogs["groups"] = new Map();
  const printed: StandInLogs["printed"] = () => [];
  const arn = (name: string) => `arn:aws:logs:eu-west-1:111122223333:log-group:${name}`;
  const answers: Readonly<Record<string, (question: Question) => object>> = {
    DescribeLogGroups: ({ logGroupNamePrefix = "" }) => ({
      logGroups: [...groups.keys()]
        .filter((name) => name.startsWith(logGroupNamePrefix))
        .map((name) => ({ logGroupName: name, logGroupArn: arn(name), arn: `${arn(name)}:*` })),
    }),
    ListTagsForResource: ({ resourceArn }) => ({
      tags: [...groups].find(([name]) => arn(name) === resourceArn)?.[1] ?? {},
    }),
    FilterLogEvents: ({ logGroupName = "", startTime = 0 }) => ({
      events: logs.printed(logGroupName).filter(({ timestamp }) => timestamp >= startTime),
    }),
    DeleteLogGroup: ({ logGroupName = "" }) => {
      groups.delete(logGroupName);
      return {};
    },
  };
  const server = await serveOnLoopback((request, response) => {
    void readBody(request, () => new Error("too large")).then((body) => {
      const [, operation = ""] = String(request.headers["x-amz-target"]).split(".");
      const answer = answers[operation];
      response.writeHead(answer === undefined ? 400 : 200, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify(answer?.(JSON.parse(body) as Question) ?? { __type: "UnknownOperation" }));
    });
  });
  const logs: StandInLogs = { url: server.url, groups, printed, close: () => server.close() };
  return logs;
}
