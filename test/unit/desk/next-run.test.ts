import { expect, test } from "@jest/globals";
import { nextRun } from "../../../cli/fleet/assembly/next-run";

const next = (schedule: string, timezone = "UTC") =>
  nextRun(schedule, timezone, new Date("2026-11-26T15:00:00Z"))?.toISOString();

test.each([
  ["cron(30 4 * * ? *)", "2026-11-27T04:30:00.000Z"],
  // Days of the week count from 1 for Sunday: Monday to Friday, the second Wednesday, the last Thursday.
  ["cron(0 9 ? * 2-6 *)", "2026-11-27T09:00:00.000Z"],
  ["cron(0 9 ? * 7,1 *)", "2026-11-28T09:00:00.000Z"],
  ["cron(0 9 ? * 4#2 *)", "2026-12-09T09:00:00.000Z"],
  ["cron(0 9 ? * 5L *)", "2026-12-31T09:00:00.000Z"],
  ["cron(0 9 ? * L *)", "2026-11-28T09:00:00.000Z"],
  ["cron(0 9 ? JAN-MAR SUN,WED 2027-2030)", "2027-01-03T09:00:00.000Z"],
  ["cron(0 9 L * ? *)", "2026-11-30T09:00:00.000Z"],
  ["cron(0 9 15W * ? *)", "2026-12-15T09:00:00.000Z"],
  ["cron(5/15 * * * ? *)", "2026-11-26T15:05:00.000Z"],
  ["cron(0 20/2,3 * * ? *)", "2026-11-26T20:00:00.000Z"],
  // A step may exceed what follows, and go with a month's name.
  ["cron(0/90 * * * ? *)", "2026-11-26T16:00:00.000Z"],
  ["cron(0 0 1/40 * ? *)", "2026-12-01T00:00:00.000Z"],
  ["cron(0 0 1 JAN/2 ? *)", "2027-01-01T00:00:00.000Z"],
  ["cron(0 0 1 mar-aug/3 ? *)", "2027-03-01T00:00:00.000Z"],
  ["cron(0 0 1 1 ? */28)", "2054-01-01T00:00:00.000Z"],
  ["cron(7-20/15,59 * * * ? *)", "2026-11-26T15:07:00.000Z"],
  ["cron(0 0 1 1 ? 2020)", undefined],
  ["rate(5 minutes)", undefined],
])("%s is due next at %s", (schedule, expected) => {
  expect(next(schedule)).toBe(expected);
});

test("a schedule is due in its own time zone", () => {
  expect(next("cron(30 4 * * ? *)", "Europe/Berlin")).toBe("2026-11-27T03:30:00.000Z");
  expect(next("cron(30 4 1 7 ? *)", "Europe/Berlin")).toBe("2027-07-01T02:30:00.000Z");
});
