import { shortTime } from "../../../fleet/time";

/** A time without its date where that is today's; of the same zone as in every message. */
export function timeOfDay(time: string, now: string): string {
  const [day = "", hour = ""] = shortTime(time).split(" ");
  return now.startsWith(day) ? hour : shortTime(time);
}
