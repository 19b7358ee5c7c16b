import { parseCron } from "./cron";
import type { WallClock } from "./wall-clock";

/** Finds the first moment after another one at which something is due; undefined when there is none. */
export type NextMoment = (after: number) => number | undefined;

const units = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Reads a schedule's expression. A time that the clock skips is left out, one that occurs twice counts once; a rate
 * ignores the clock. Source: EventBridge Scheduler User Guide, "Schedule types".
 * @param start when a rate begins, in milliseconds since the epoch
 * @returns undefined when it is none of `at(…)`, `rate(…)` and `cron(…)`
 */
export function parseExpression(text: string, clock: WallClock, start: number): NextMoment | undefined {
  const [, kind, inner = ""] = /^(at|rate|cron)\((.+)\)$/.exec(text) ?? [];
  switch (kind) {
    case "at":
      return parseAt(inner, clock);
    case "rate":
      return parseRate(inner, start);
    case "cron":
      return onClock(inner, clock);
    default:
      return undefined;
  }
}

function parseAt(text: string, clock: WallClock): NextMoment | undefined {
  const reading = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : NaN;
  if (Number.isNaN(reading)) {
    return undefined;
  }
  const moment = clock.momentOf(reading);
  return (after) => (moment !== undefined && moment > after ? moment : undefined);
}

function parseRate(text: string, start: number): NextMoment | undefined {
  const [, value, unit] = /^([1-9]\d*) (minute|hour|day)s?$/.exec(text) ?? [];
  if (unit === undefined) {
    return undefined;
  }
  const period = Number(value) * units[unit as keyof typeof units];
  return (after) => start + Math.max(0, Math.floor((after - start) / period) + 1) * period;
}

function onClock(text: string, clock: WallClock): NextMoment | undefined {
  const next = parseCron(text);
  return (
    next &&
    ((after) => {
      let reading = next(clock.readingAt(after));
      while (reading !== undefined) {
        const moment = clock.momentOf(reading);
        if (moment !== undefined && moment > after) {
          return moment;
        }
        reading = next(reading);
      }
      return undefined;
    })
  );
}
