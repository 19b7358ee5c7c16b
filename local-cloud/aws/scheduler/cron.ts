/** Finds the first reading of a clock, after another one, that an expression names; undefined when there is none. */
export type NextReading = (after: number) => number | undefined;

/** Says which days of a month a field names. */
type Days = (year: number, month: number) => ReadonlySet<number>;

const minute = 60_000;
const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/**
 * Reads the six fields of a cron expression: minutes, hours, day of month, month, day of week (1 is Sunday), year. One
 * of the two fields of days is `?`. Source: EventBridge Scheduler User Guide, "Schedule types: cron-based schedules".
 * @returns undefined when it is not one
 */
export function parseCron(text: string): NextReading | undefined {
  const [minutes = "", hours = "", ofMonth = "", month = "", ofWeek = "", year = "", ...more] =
    text.split(/\s+/);
  const named = {
    minutes: parseSet(minutes, 0, 59),
    hours: parseSet(hours, 0, 23),
    months: parseSet(month, 1, 12, months),
    years: parseSet(year, 1970, 2199),
  };
  const days =
    ofWeek === "?" ? parseDaysOfMonth(ofMonth) : ofMonth === "?" ? parseWeekdays(ofWeek) : undefined;
  const { minutes: inHour, hours: inDay, months: inYear, years } = named;
  if (
    more.length > 0 ||
    inHour === undefined ||
    inDay === undefined ||
    inYear === undefined ||
    years === undefined ||
    days === undefined
  ) {
    return undefined;
  }
  const times = sorted(inDay).flatMap((hour) => sorted(inHour).map((past) => (hour * 60 + past) * minute));
  return (after) => {
    const start = new Date(after);
    const months = sorted(inYear);
    for (const one of sorted(years).filter((named) => named >= start.getUTCFullYear())) {
      for (const other of months) {
        for (const day of after < Date.UTC(one, other, 1) ? sorted(days(one, other)) : []) {
          const midnight = Date.UTC(one, other - 1, day);
          const found = times.find((time) => midnight + time > after);
          if (found !== undefined) {
            return midnight + found;
          }
        }
      }
    }
    return undefined;
  };
}

const sorted = (numbers: ReadonlySet<number>): number[] => [...numbers].sort((one, other) => one - other);

/** Numbers of a field with `,`, `-`, `*` and `/`; undefined when it is not one. */
function parseSet(
  text: string,
  lowest: number,
  highest: number,
  names: readonly string[] = [],
): Set<number> | undefined {
  const numberOf = (word: string): number => {
    const place = names.indexOf(word.toUpperCase());
    return place >= 0 ? place + lowest : /^\d+$/.test(word) ? Number(word) : NaN;
  };
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [, range = "", step = "1"] = /^([^/]+)(?:\/([1-9]\d*))?$/.exec(part) ?? [];
    const [from = "", to] = range === "*" ? [String(lowest), String(highest)] : range.split("-", 2);
    const first = numberOf(from);
    const last = to === undefined ? (part.includes("/") ? highest : first) : numberOf(to);
    if (!(lowest <= first && first <= last && last <= highest)) {
      return undefined;
    }
    for (let number = first; number <= last; number += Number(step)) {
      found.add(number);
    }
  }
  return found;
}

const lastDay = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** From 1 for Sunday. */
const weekdayOf = (year: number, month: number, day: number): number =>
  new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;

/** `L` is the last day, `15W` the weekday nearest to the 15th within the month. */
function parseDaysOfMonth(text: string): Days | undefined {
  if (text === "L") {
    return (year, month) => new Set([lastDay(year, month)]);
  }
  const nearest = Number(/^(\d+)W$/.exec(text)?.[1]);
  if (nearest >= 1 && nearest <= 31) {
    return (year, month) => {
      const last = lastDay(year, month);
      const distance = (day: number): number => Math.abs(day - nearest);
      const weekdaysOfMonth = daysOf(year, month).filter(
        (day) => ![1, 7].includes(weekdayOf(year, month, day)) && distance(day) <= 2,
      );
      const [day] = weekdaysOfMonth.sort((one, other) => distance(one) - distance(other));
      return new Set(day === undefined || nearest > last ? [] : [day]);
    };
  }
  const days = parseSet(text, 1, 31);
  return days && ((year, month) => new Set([...days].filter((day) => day <= lastDay(year, month))));
}

/** `L` is the last day of the week, `6L` the last Friday of the month, `2#1` its first Monday. */
function parseWeekdays(text: string): Days | undefined {
  const [, weekday = "", rule = ""] = /^(\w+?)(L|#[1-5])$/.exec(text) ?? [];
  const days = parseSet(text === "L" ? "SAT" : weekday === "" ? text : weekday, 1, 7, weekdays);
  if (days === undefined) {
    return undefined;
  }
  return (year, month) => {
    const all = daysOf(year, month).filter((day) => days.has(weekdayOf(year, month, day)));
    if (rule === "") {
      return new Set(all);
    }
    const chosen = all.at(rule === "L" ? -1 : Number(rule[1]) - 1);
    return new Set(chosen === undefined ? [] : [chosen]);
  };
}

const daysOf = (year: number, month: number): number[] =>
  Array.from({ length: lastDay(year, month) }, (_, index) => index + 1);
