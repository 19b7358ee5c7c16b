import { Cron } from "croner";

/** The last value of each field of a cron expression. Source: EventBridge Scheduler User Guide, "Schedule types". */
const lastValues = [59, 23, 31, 12, 7, 2199];

/**
 * When a schedule of EventBridge Scheduler is next due after a time; undefined when it never is again, and for a rate,
 * whose times follow from when the schedule was made.
 */
export function nextRun(schedule: string, timezone: string, after: Date): Date | undefined {
  const fields = /^cron\((.*)\)$/.exec(schedule)?.[1]?.split(" ");
  if (fields === undefined) {
    return undefined;
  }
  const ranges = fields.map((field, index) =>
    // `?` stands for any day, and `5/15` begins at 5 and goes on to the field's end.
    field.replace("?", "*").replace(/(?<![-\d])(\d+)\//g, `$1-${lastValues[index] ?? ""}/`),
  );
  const [minutes, hours, ofMonth, month, ofWeek = "", year] = ranges;
  // Seconds come first.
  const expression = ["0", minutes, hours, ofMonth, month, weekdays(ofWeek), year].join(" ");
  return new Cron(expression, { timezone, paused: true }).nextRun(after) ?? undefined;
}

/** Counted from 0 instead of 1 for Sunday: `4#2`, the second Wednesday, becomes `3#2`. `L` alone is Saturday. */
function weekdays(field: string): string {
  return field === "L" ? "6" : field.replace(/(?<![#/\d])\d/g, (day) => String(Number(day) - 1));
}
