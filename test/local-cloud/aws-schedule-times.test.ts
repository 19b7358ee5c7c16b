import { describe, expect, test } from "@jest/globals";
import { afterFailure, dueInvocations, isCompleted } from "../../local-cloud/aws/scheduler/due";
import { parseExpression } from "../../local-cloud/aws/scheduler/expression";
import type { Schedule, ScheduleSettings } from "../../local-cloud/aws/scheduler/schedule";
import { wallClockOf } from "../../local-cloud/aws/scheduler/wall-clock";

/** The next moments of an expression after this one, as far as there are any. */
function moments(expression: string, from: string, { zone = "UTC", count = 3 } = {}): string[] {
  const clock = wallClockOf(zone);
  const next = clock && parseExpression(expression, clock, Date.parse(from));
  const found: string[] = [];
  let moment = next?.(Date.parse(from));
  while (moment !== undefined && found.length < count) {
    found.push(new Date(moment).toISOString().replace(/:00\.000Z$/, ""));
    moment = next?.(moment);
  }
  return found;
}

// Source: EventBridge Scheduler User Guide, "Schedule types", and EventBridge User Guide, "Cron expressions".
test.each([
  [
    "cron(15 10 ? * 6L 2022-2023)",
    "2022-11-01",
    ["2022-11-25T10:15", "2022-12-30T10:15", "2023-01-27T10:15"],
  ],
  ["cron(0 10 * * ? *)", "2022-11-01T10:00", ["2022-11-02T10:00", "2022-11-03T10:00", "2022-11-04T10:00"]],
  ["cron(15 12 * * ? *)", "2022-12-31T13:00", ["2023-01-01T12:15", "2023-01-02T12:15", "2023-01-03T12:15"]],
  [
    "cron(0 18 ? * MON-FRI *)",
    "2026-03-05T19:00",
    ["2026-03-06T18:00", "2026-03-09T18:00", "2026-03-10T18:00"],
  ],
  ["cron(0 8 1 * ? *)", "2026-01-01T08:00", ["2026-02-01T08:00", "2026-03-01T08:00", "2026-04-01T08:00"]],
  ["cron(0/15 * * * ? *)", "2026-01-01T08:40", ["2026-01-01T08:45", "2026-01-01T09:00", "2026-01-01T09:15"]],
  [
    "cron(0/10 * ? * MON-FRI *)",
    "2026-03-06T23:45",
    ["2026-03-06T23:50", "2026-03-09T00:00", "2026-03-09T00:10"],
  ],
  [
    "cron(0/5 8-17 ? * MON-FRI *)",
    "2026-03-06T17:50",
    ["2026-03-06T17:55", "2026-03-09T08:00", "2026-03-09T08:05"],
  ],
  ["cron(0 9 ? * 2#1 *)", "2026-01-31", ["2026-02-02T09:00", "2026-03-02T09:00", "2026-04-06T09:00"]],
  ["cron(0 9 ? * 3#5 *)", "2026-01-01", ["2026-03-31T09:00", "2026-06-30T09:00", "2026-09-29T09:00"]],
  ["cron(0 8 1W * ? *)", "2026-01-31", ["2026-02-02T08:00", "2026-03-02T08:00", "2026-04-01T08:00"]],
  ["cron(0 8 31W * ? *)", "2026-01-01", ["2026-01-30T08:00", "2026-03-31T08:00", "2026-05-29T08:00"]],
  ["cron(0 0 L * ? *)", "2028-01-31T01:00", ["2028-02-29T00:00", "2028-03-31T00:00", "2028-04-30T00:00"]],
  ["cron(0 0 ? * L *)", "2026-03-02", ["2026-03-07T00:00", "2026-03-14T00:00", "2026-03-21T00:00"]],
  ["cron(0 0 1,15 JAN,7 ? *)", "2026-01-02", ["2026-01-15T00:00", "2026-07-01T00:00", "2026-07-15T00:00"]],
  ["cron(0 0 29 2 ? *)", "2026-01-02", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]],
  ["cron(0 0 1 1 ? 2020/5)", "2026-01-02", ["2030-01-01T00:00", "2035-01-01T00:00", "2040-01-01T00:00"]],
  ["cron(0 0 30 2 ? *)", "2026-01-02", []],
  ["cron(0 0 1 1 ? 2020)", "2026-01-02", []],
  ["at(2022-11-20T13:00:00)", "2022-11-01", ["2022-11-20T13:00"]],
  ["at(2022-11-20T13:00:00)", "2022-11-20T13:00", []],
  ["rate(1 minute)", "2022-11-20T13:00", ["2022-11-20T13:01", "2022-11-20T13:02", "2022-11-20T13:03"]],
  ["rate(12 hours)", "2022-11-20T13:00", ["2022-11-21T01:00", "2022-11-21T13:00", "2022-11-22T01:00"]],
  ["rate(5 days)", "2022-11-20T13:00", ["2022-11-25T13:00", "2022-11-30T13:00", "2022-12-05T13:00"]],
])("%s after %s is due at %j", (expression, from, expected) => {
  expect(moments(expression, from.includes("T") ? `${from}Z` : from)).toEqual(expected);
});

test.each([
  [""],
  ["10 minutes"],
  ["rate(0 minutes)"],
  ["rate(5 seconds)"],
  ["rate(5)"],
  ["at(2022-11-20)"],
  ["at(2022-13-20T13:00:00)"],
  ["cron(0 10 * * ?)"],
  ["cron(0 10 * * ? * *)"],
  ["cron(0 10 * * * *)"],
  ["cron(0 10 ? * ? *)"],
  ["cron(60 10 * * ? *)"],
  ["cron(0 24 * * ? *)"],
  ["cron(0 10 0 * ? *)"],
  ["cron(0 10 32W * ? *)"],
  ["cron(0 10 * 13 ? *)"],
  ["cron(0 10 ? * 0 *)"],
  ["cron(0 10 ? * 8 *)"],
  ["cron(0 10 ? * 2#6 *)"],
  ["cron(0 10 ? * FOO *)"],
  ["cron(0 10 * * ? 1969)"],
  ["cron(5-1 10 * * ? *)"],
  ["cron(0/0 10 * * ? *)"],
  ["cron(, 10 * * ? *)"],
  ["cron(0 10 ? * 3#1,6#3 *)"],
])("%j isn't an expression", (expression) => {
  const clock = wallClockOf("UTC");
  expect(clock && parseExpression(expression, clock, 0)).toBeUndefined();
});

test("times are in the time zone: a skipped one is left out, a repeated one comes once, and rates ignore both", () => {
  const night = "cron(30 2 * * ? *)";
  const zone = "Europe/Berlin";
  expect(moments(night, "2026-03-28T00:00:00Z", { zone })).toEqual([
    "2026-03-28T01:30",
    "2026-03-30T00:30",
    "2026-03-31T00:30",
  ]);
  expect(moments(night, "2026-10-24T00:00:00Z", { zone })).toEqual([
    "2026-10-24T00:30",
    "2026-10-25T00:30",
    "2026-10-26T01:30",
  ]);
  expect(moments("cron(0/30 * * * ? *)", "2026-10-25T00:00:00Z", { zone })).toEqual([
    "2026-10-25T00:30",
    "2026-10-25T02:00",
    "2026-10-25T02:30",
  ]);
  expect(moments("rate(1 day)", "2026-10-24T12:00:00Z", { zone })).toEqual([
    "2026-10-25T12:00",
    "2026-10-26T12:00",
    "2026-10-27T12:00",
  ]);
  expect(moments("at(2022-11-20T13:00:00)", "2022-11-01T00:00:00Z", { zone: "America/New_York" })).toEqual([
    "2022-11-20T18:00",
  ]);
  expect(moments("at(2026-03-29T02:30:00)", "2026-03-01T00:00:00Z", { zone })).toEqual([]);
  expect(wallClockOf("Europe/Atlantis")).toBeUndefined();
});

const start = Date.parse("2026-01-01T00:00:00Z");
const minute = 60_000;

function schedule(more: Partial<ScheduleSettings>, seenUntil = start - 1): Schedule {
  return {
    arn: "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/job",
    name: "job",
    settings: {
      ScheduleExpression: "rate(1 minute)",
      ScheduleExpressionTimezone: "UTC",
      State: "ENABLED",
      FlexibleTimeWindow: { Mode: "OFF" },
      ActionAfterCompletion: "NONE",
      Target: {
        Arn: "arn:aws:ecs:eu-west-1:123456789012:cluster/anywhere",
        RoleArn: "arn:aws:iam::123456789012:role/scheduler",
        EcsParameters: { TaskDefinitionArn: "app:1" },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      },
      ...more,
    },
    createdAt: start,
    modifiedAt: start,
    seenUntil,
    invocations: [],
  };
}

describe("a schedule", () => {
  const minutesOf = (one: Schedule, now: number): number[] =>
    dueInvocations(one, now).map(({ scheduledAt }) => (scheduledAt - start) / minute);

  test("with a rate is due at once, and never twice for the same time", () => {
    expect(minutesOf(schedule({}), start)).toEqual([0]);
    expect(minutesOf(schedule({}, start), start + minute - 1)).toEqual([]);
    expect(minutesOf(schedule({}, start), start + 2 * minute)).toEqual([1, 2]);
  });

  test("isn't due while it is disabled, before its start or after its end", () => {
    expect(minutesOf(schedule({ State: "DISABLED" }), start + minute)).toEqual([]);
    const between = {
      StartDate: new Date(start + 90_000),
      EndDate: new Date(start + 3 * minute),
    };
    expect(minutesOf(schedule(between), start + minute)).toEqual([]);
    expect(minutesOf(schedule(between), start + 9 * minute)).toEqual([1.5, 2.5]);
    const cron = { ...between, ScheduleExpression: "cron(* * * * ? *)" };
    expect(minutesOf(schedule(cron), start + 9 * minute)).toEqual([2, 3]);
  });

  test("doesn't make up for what is more than an hour late", () => {
    expect(minutesOf(schedule({ ScheduleExpression: "rate(30 minutes)" }), start + 150 * minute)).toEqual([
      120, 150,
    ]);
  });

  test("with a flexible window is delayed within its bounds, by the same time at each look", () => {
    const flexible = schedule({ FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 10 } });
    const delays = dueInvocations(flexible, start + 20 * minute).map(
      ({ scheduledAt, nextAt }) => nextAt - scheduledAt,
    );
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThan(10 * minute);
    expect(new Set(delays).size).toBeGreaterThan(10);
    expect(dueInvocations(flexible, start + 20 * minute).map(({ nextAt }) => nextAt)).toEqual(
      dueInvocations(flexible, start + 20 * minute).map(({ nextAt }) => nextAt),
    );
  });

  test("is complete after its only time, and after its end", () => {
    const once = schedule({ ScheduleExpression: "at(2026-01-01T00:05:00)" });
    expect(isCompleted(once, start)).toBe(false);
    expect(isCompleted(once, start + 5 * minute)).toBe(true);
    const ending = schedule({ EndDate: new Date(start + 150_000) });
    expect(isCompleted(ending, start + minute)).toBe(false);
    expect(isCompleted(ending, start + 2 * minute)).toBe(true);
  });
});

test("failures are retried after pauses that double, until attempts or age are exhausted", () => {
  const after = (failures: number, policy: object, now = start) => {
    const { RetryPolicy } = schedule({}).settings.Target;
    return afterFailure(
      { scheduledAt: start, failures },
      { RetryPolicy: { ...RetryPolicy, ...policy } },
      now,
    );
  };
  expect([1, 2, 3, 9, 20].map((failures) => after(failures, {}))).toEqual([
    { retryAt: start + 1000 },
    { retryAt: start + 2000 },
    { retryAt: start + 4000 },
    { retryAt: start + 256_000 },
    { retryAt: start + 300_000 },
  ]);
  expect(after(2, { MaximumRetryAttempts: 2 })).toEqual({ retryAt: start + 2000 });
  expect(after(3, { MaximumRetryAttempts: 2 })).toEqual({ exhausted: "MaximumRetryAttempts" });
  expect(after(1, { MaximumRetryAttempts: 0 })).toEqual({ exhausted: "MaximumRetryAttempts" });
  expect(after(3, { MaximumEventAgeInSeconds: 60 }, start + 57_000)).toEqual({
    exhausted: "MaximumEventAgeInSeconds",
  });
});
