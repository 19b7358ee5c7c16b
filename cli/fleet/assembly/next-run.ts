import { Cron } from "croner";

/** The values of the fields of a cron expression. Source: EventBridge Scheduler User Guide, "Schedule types". */
const values = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [1, 7],
  [1970, 2199],
] as const;
const months = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");

/**
 * When a schedule of EventBridge Scheduler is next due after a time; undefined when it never is again, and for a rate,
 * whose times follow from when the schedule was made.
 * @throws TypeError for an expression that EventBridge Scheduler refuses, too
 */
export function nextRun(schedule: string, timezone: string, after: Date): Date | undefined {
  const fields = /^cron\((.*)\)$/.exec(schedule)?.[1]?.split(" ");
  if (fields === undefined) {
    return undefined;
  }
  const ranges = fields.map((field, index) =>
    // `?` stands for any day.
    field.replace("?", "*").replace(/([^,/]+)\/(\d+)/g, (_, span: string, step: string) => {
      return steps(span, Number(step), values[index] ?? [0, 0]).join(",");
    }),
  );
  const [minutes, hours, ofMonth, month, ofWeek = "", year] = ranges;
  // Seconds come first.
  const expression = ["0", minutes, hours, ofMonth, month, weekdays(ofWeek), year].join(" ");
  return new Cron(expression, { timezone, paused: true }).nextRun(after) ?? undefined;
}

/** The values of an item with a step. `5/15` begins at 5 and goes on to the field's end; a step may exceed that. */
function steps(span: string, step: number, [first, last]: readonly [number, number]): number[] {
  const [from = first, to = last] = span === "*" ? [] : span.toUpperCase().split("-").map(numberOf);
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);
}

/** The number of a value, or of a month's name. */
function numberOf(text: string): number {
  const month = months.indexOf(text);
  return month < 0 ? Number(text) : month + 1;
}

/** Counted from 0 instead of 1 for Sunday: `4#2`, the second Wednesday, becomes `3#2`. `L` alone is Saturday. */
function weekdays(field: string): string {
  return field === "L" ? "6" : field.replace(/(?<![#/\d])\d/g, (day) => String(Number(day) - 1));
}
