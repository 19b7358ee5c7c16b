import { type JsonObject, note, type World } from "../../world";
import { ApiError } from "../protocol/api-error";
import { derivedHex } from "../protocol/identifiers";
import { afterFailure, dueInvocations, type Exhausted, isCompleted } from "./due";
import { requirePermission } from "./execution-role";
import type { Invocation, Schedule } from "./schedule";
import { runTaskRequest, type Stage, startTasks } from "./start-tasks";

/**
 * Runs the due invocations of this place: starts tasks, retries failures, and sends those that it gives up to the
 * dead-letter queue. Returns once nothing is in progress; it must not be called again before. Each step is noted in the
 * journal: `invoked`, `failed`, `dead-lettered` or `dropped`.
 * @param now milliseconds since the epoch
 */
export async function runSchedules(stage: Stage, now: number): Promise<void> {
  const { world } = stage.place;
  const due = [...world.aws.schedules.values()].flatMap((schedule) => {
    schedule.invocations.push(...dueInvocations(schedule, now));
    schedule.seenUntil = Math.max(schedule.seenUntil, now);
    const ready = schedule.invocations.filter(({ nextAt }) => nextAt <= now);
    return ready.map((invocation) => ({ schedule, invocation }));
  });
  await Promise.all(
    due.map(async ({ schedule, invocation }) => {
      await invoke(stage, schedule, invocation, now);
    }),
  );
}

async function invoke(stage: Stage, schedule: Schedule, invocation: Invocation, now: number): Promise<void> {
  const { world } = stage.place;
  try {
    const started = await startTasks(stage, schedule, now);
    tell(world, schedule, invocation, "invoked", { ...started });
  } catch (error) {
    invocation.failures += 1;
    const { code, message } =
      error instanceof ApiError ? error : { code: "InternalServerException", message: String(error) };
    tell(world, schedule, invocation, "failed", { code, message });
    const next = afterFailure(invocation, schedule.settings.Target, now);
    if ("retryAt" in next) {
      invocation.nextAt = next.retryAt;
      return;
    }
    await giveUp(stage, schedule, invocation, { code, message, exhausted: next.exhausted });
  }
  schedule.invocations = schedule.invocations.filter((one) => one !== invocation);
  const { ActionAfterCompletion: action } = schedule.settings;
  if (action === "DELETE" && schedule.invocations.length === 0 && isCompleted(schedule, now)) {
    world.aws.schedules.delete(schedule.name);
  }
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exhausted: Exhausted;
}

/**
 * Sends the request that failed to the dead-letter queue, with the role's permission.
 * Source: EventBridge Scheduler User Guide, "Configuring a schedule's dead-letter queue".
 */
async function giveUp(
  { place, moto }: Stage,
  schedule: Schedule,
  invocation: Invocation,
  { code, message, exhausted }: Failure,
): Promise<void> {
  const { world, settings } = place;
  const { Arn, RoleArn, DeadLetterConfig } = schedule.settings.Target;
  const queue = DeadLetterConfig?.Arn;
  if (queue === undefined) {
    tell(world, schedule, invocation, "dropped", { reason: "there is no dead-letter queue" });
    return;
  }
  const attributes = {
    ERROR_CODE: code,
    ERROR_MESSAGE: message,
    EXECUTION_ID: derivedHex(16, schedule.arn, invocation.scheduledAt),
    EXHAUSTED_RETRY_CONDITION: exhausted,
    IS_PAYLOAD_TRUNCATED: "false",
    RETRY_ATTEMPTS: String(invocation.failures - 1),
    SCHEDULED_TIME: timeOf(invocation),
    SCHEDULE_ARN: schedule.arn,
    TARGET_ARN: Arn,
  };
  const [, , , region = "", account = "", QueueName = ""] = queue.split(":");
  try {
    const where = { account: world.account, region: settings.region, moto };
    await requirePermission(RoleArn, where, { action: "sqs:SendMessage", resource: queue });
    const call = <Output>(operation: string, input: object): Promise<Output> =>
      moto.json(`sqs`, region, `AmazonSQS.${operation}`, input);
    const { QueueUrl } = await call<{ QueueUrl: string }>("GetQueueUrl", {
      QueueName,
      QueueOwnerAWSAccountId: account,
    });
    await call("SendMessage", {
      QueueUrl,
      MessageBody: JSON.stringify(runTaskRequest(schedule)),
      MessageAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: "String", StringValue }]),
      ),
    });
    tell(world, schedule, invocation, "dead-lettered", { queue, exhausted });
  } catch (error) {
    tell(world, schedule, invocation, "dropped", { reason: String(error) });
  }
}

/** To the second, as the service writes it. */
const timeOf = ({ scheduledAt }: Invocation): string =>
  new Date(scheduledAt).toISOString().replace(/\.\d+/, "");

function tell(
  world: World,
  schedule: Schedule,
  invocation: Invocation,
  name: string,
  more: JsonObject,
): void {
  const { failures } = invocation;
  const detail = { schedule: schedule.name, scheduledTime: timeOf(invocation), failures, ...more };
  note(world, { kind: "event", service: "scheduler", name, detail });
}
