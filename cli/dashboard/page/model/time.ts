import { shortTime } from "../../../fleet/time";

/** A time, without the date if it is today; in the same zone as in every message. */
export function timeOfDay(time: string, now: string): string {
  const [day = "", hour = ""] = shortTime(time).split(" ");
  return now.startsWith(day) ? hour : shortTime(time);
}
