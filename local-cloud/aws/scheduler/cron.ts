import { Cron } from "croner";

/** Finds the first reading of a clock, after another one, that an expression names; undefined when there is none. */
export type NextReading = (after: number) => number | undefined;

/** A field of `,`, `-`, `*` and `/` with these words, or one of the other forms. */
function field(word: string, ...others: readonly string[]): RegExp {
  const item = `(?:\\*|(?:${word})(?:-(?:${word}))?)(?:/[1-9]\\d*)?`;
  return new RegExp(`^(?:${[`${item}(?:,${item})*`, ...others].join("|")})$`, "i");
}

const weekday = "[1-7]|[A-Z]{3}";
/** The part of croner's syntax that EventBridge Scheduler accepts. `15W` is the weekday nearest to the 15th. */
const grammar = [
  field("\\d+"),
  field("\\d+"),
  field("\\d+", "L", "\\d+W", "\\?"),
  field("\\d+|[A-Z]{3}"),
  field(weekday, "L", `(?:${weekday})(?:L|#[1-5])`, "\\?"),
  field("19[7-9]\\d|2[01]\\d\\d"),
];

/**
 * Reads the six fields of a cron expression: minutes, hours, day of month, month, day of week (1 is Sunday), year. One
 * of the two fields of days is `?`. Source: EventBridge Scheduler User Guide, "Schedule types: cron-based schedules".
 * @returns undefined when it is not one
 */
export function parseCron(text: string): NextReading | undefined {
  const fields = text.split(/\s+/);
  const isOne =
    fields.length === grammar.length && grammar.every((form, index) => form.test(fields[index] ?? ""));
  if (!isOne || fields.filter((each) => each === "?").length !== 1) {
    return undefined;
  }
  // croner treats the last day of the week as an ordinary day, and takes a missing day for every day.
  const words = fields.map((each, index) =>
    each === "?" ? "*" : index === 4 && each === "L" ? "SAT" : each,
  );
  try {
    const cron = new Cron(["0", ...words].join(" "), {
      ...{ timezone: "UTC", paused: true },
      ...{ alternativeWeekdays: true, domAndDow: true, sloppyRanges: true },
    });
    return (after) => cron.nextRun(new Date(after))?.getTime();
  } catch {
    return undefined;
  }
}
