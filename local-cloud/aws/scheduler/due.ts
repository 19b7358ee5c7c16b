import { derivedHex } from "../protocol/identifiers";
import { parseExpression } from "./expression";
import type { Invocation, Schedule, ScheduleSettings } from "./schedule";
import { wallClockOf } from "./wall-clock";

/** Milliseconds after which a missed invocation isn't made up for any more: this computer slept. */
const latest = 3_600_000;

/**
 * A schedule's invocations that have become due since the last look, in the order of time. A flexible window delays
 * each by a part of it that depends on the schedule and the time.
 */
export function dueInvocations({ arn, settings, createdAt, seenUntil }: Schedule, now: number): Invocation[] {
  if (settings.State === "DISABLED") {
    return [];
  }
  const { StartDate, EndDate, FlexibleTimeWindow: window } = settings;
  const next = momentsOf(settings, createdAt);
  const end = Math.min(now, EndDate?.getTime() ?? Infinity);
  const due: Invocation[] = [];
  let moment = next(Math.max(seenUntil, now - latest, (StartDate?.getTime() ?? 0) - 1));
  while (moment !== undefined && moment <= end) {
    const share = Number.parseInt(derivedHex(4, arn, moment), 16) / 2 ** 16;
    const delay = Math.floor(share * (window.MaximumWindowInMinutes ?? 0) * 60_000);
    due.push({ scheduledAt: moment, nextAt: moment + delay, failures: 0 });
    moment = next(moment);
  }
  return due;
}

/** Whether a schedule will never be due again. */
export function isCompleted({ settings, createdAt }: Schedule, now: number): boolean {
  const moment = momentsOf(settings, createdAt)(now);
  return moment === undefined || moment > (settings.EndDate?.getTime() ?? Infinity);
}

/** Finds the moments of settings, which must be valid. */
function momentsOf(settings: ScheduleSettings, createdAt: number) {
  const { ScheduleExpression: expression, ScheduleExpressionTimezone: zone, StartDate } = settings;
  const clock = wallClockOf(zone);
  const next = clock && parseExpression(expression, clock, StartDate?.getTime() ?? createdAt);
  if (next === undefined) {
    throw new Error(`A schedule with the expression ${expression} in the time zone ${zone}`);
  }
  return next;
}

/** Why a schedule gives up an invocation. */
export type Exhausted = "MaximumRetryAttempts" | "MaximumEventAgeInSeconds";

/** Milliseconds before the first retry; each further one waits twice as long, at most {@link longestPause}. */
const firstPause = 1000;
const longestPause = 300_000;

/** The consequence of a failure: the time of the next try, or why there is none. */
export function afterFailure(
  { scheduledAt, failures }: Pick<Invocation, "scheduledAt" | "failures">,
  { RetryPolicy: policy }: Pick<ScheduleSettings["Target"], "RetryPolicy">,
  now: number,
): { readonly retryAt: number } | { readonly exhausted: Exhausted } {
  if (failures > policy.MaximumRetryAttempts) {
    return { exhausted: "MaximumRetryAttempts" };
  }
  const retryAt = now + Math.min(longestPause, firstPause * 2 ** (failures - 1));
  return retryAt > scheduledAt + policy.MaximumEventAgeInSeconds * 1000
    ? { exhausted: "MaximumEventAgeInSeconds" }
    : { retryAt };
}
