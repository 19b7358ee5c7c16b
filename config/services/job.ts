import { z } from "zod";
import { cronProblem } from "../cron";
import type { DeepReadonly } from "../deep-readonly";
import { key, text } from "../forms";
import { containerSettings } from "./container";
import { nodeSelector } from "./service";

// Source: EventBridge Scheduler User Guide, "Schedule types".
const schedule = text(
  /^(rate\([1-9]\d* (minutes?|hours?|days?)\)|cron\([^\s()]+( [^\s()]+){5}\))$/,
  "rate(VALUE UNIT) or cron(MINUTES HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR), as EventBridge Scheduler takes it",
).superRefine((expression, context) => {
  const [, cron] = /^cron\((.*)\)$/.exec(expression) ?? [];
  const message = cron === undefined ? undefined : cronProblem(cron);
  if (message !== undefined) {
    context.addIssue({ code: "custom", message });
  }
});

/**
 * Intl's own list lacks names that it accepts nevertheless, such as Asia/Kolkata; it also accepts offsets and lower
 * case.
 */
function isTimezone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat(undefined, { timeZone: zone });
  } catch {
    return false;
  }
  return /^[A-Z][^/]*(\/[A-Z][^/]*)*$/.test(zone);
}

/** Tasks that run on a schedule, and end. */
export const job = z.strictObject({
  ...containerSettings,
  schedule: schedule.describe("When it runs: `rate(…)` or `cron(…)` of EventBridge Scheduler."),
  timezone: z
    .string()
    .refine(isTimezone, { error: "must be a time zone of the IANA database such as Europe/Berlin" })
    .default("UTC")
    .describe("Time zone of the schedule."),
  site: key.describe("Site whose nodes run it."),
  count: z.int().min(1).max(10).default(1).describe("Number of tasks that each run starts."),
  on: nodeSelector,
  enabled: z.boolean().default(true).describe("Whether the schedule is active."),
});

export type Job = DeepReadonly<z.output<typeof job>>;
