import { Cron } from "croner";
import { boundsOf, cronFields, type Field } from "../../../config/cron";

/**
 * When a schedule of EventBridge Scheduler is next due after a time; undefined when it never is again, and for a rate,
 * whose times follow from when the schedule was made.
 * @throws TypeError for an expression that EventBridge Scheduler refuses, too
 */
export function nextRun(schedule: string, timezone: string, after: Date): Date | undefined {
  const texts = /^cron\((.*)\)$/.exec(schedule)?.[1]?.toUpperCase().split(" ");
  if (texts === undefined) {
    return undefined;
  }
  const ranges = cronFields.map((field, index) =>
    // `?` stands for any day.
    (texts[index] ?? "")
      .replace("?", "*")
      .replace(/([^,/]+)\/(\d+)/g, (_, span: string, step: string) =>
        steps(span, Number(step), field).join(","),
      ),
  );
  const [minutes, hours, ofMonth, month, ofWeek = "", year] = ranges;
  // Seconds come first.
  const expression = ["0", minutes, hours, ofMonth, month, weekdays(ofWeek), year].join(" ");
  return new Cron(expression, { timezone, paused: true }).nextRun(after) ?? undefined;
}

/** The values of an item with a step. `5/15` begins at 5 and goes on to the field's end; a step may exceed that. */
function steps(span: string, step: number, field: Field): number[] {
  const [from = field.first, to = field.last] = boundsOf(span, field);
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

/** Counted from 0 instead of 1 for Sunday: `4#2`, the second Wednesday, becomes `3#2`. `L` alone is Saturday. */
function weekdays(field: string): string {
  return field === "L" ? "6" : field.replace(/(?<![#/\d])\d/g, (day) => String(Number(day) - 1));
}
