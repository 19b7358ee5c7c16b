import { expect, test } from "@jest/globals";
import { parseExpression } from "../../local-cloud/aws/scheduler/expression";
import { wallClockOf } from "../../local-cloud/aws/scheduler/wall-clock";
import { problemsOf } from "../support/synthesis/config-problems";
import { oneSite } from "../support/synthesis/environments";

const problemsWith = (settings: object) => {
  const report = { image: "registry.example/shop/report:v1", schedule: "rate(1 hour)", site: "ams3" };
  return problemsOf({ ...oneSite, jobs: { report: { ...report, ...settings } } });
};

/** Whether the local cloud's scheduler takes an expression, too. */
const isTaken = (expression: string) => {
  const clock = wallClockOf("UTC");
  return clock !== undefined && parseExpression(expression, clock, 0) !== undefined;
};

test.each([
  "0 10 * * ? *",
  "0/15 * * * ? *",
  "0/5 8-17 ? * MON-FRI *",
  "15 10 ? * 6L 2022-2023",
  "0 9 ? * 2#1 *",
  "0 9 ? * tue#5 *",
  "0 8 31W * ? *",
  "0 0 L * ? *",
  "0 0 ? * L *",
  "0 0 1,15 JAN,7 ? *",
  "0,30 8-17/2 ? * SUN,WED,7 *",
  "59 23 29 2 ? 1970-2199/4",
])("a job may run at cron(%s)", (fields) => {
  const schedule = `cron(${fields})`;
  expect([problemsWith({ schedule }), isTaken(schedule)]).toEqual([[], true]);
});

const eitherDay = "must have ? as either its day of month or its day of week";
const has = (text: string, name: string, range: string) =>
  `has "${text}" as its ${name}, which must be ${range}`;
const weekday = "1 to 7, or SUN to SAT";

test.each([
  ["30 4 * * * *", eitherDay],
  ["0 4 ? * ? *", eitherDay],
  ["0 4 1 * MON *", eitherDay],
  ["60 10 * * ? *", has("60", "minutes", "0 to 59")],
  ["5-1 10 * * ? *", has("5-1", "minutes", "0 to 59")],
  ["0/0 10 * * ? *", has("0/0", "minutes", "0 to 59")],
  [", 10 * * ? *", has(",", "minutes", "0 to 59")],
  ["0 25 * * ? *", has("25", "hours", "0 to 23")],
  ["0 ? * * ? *", has("?", "hours", "0 to 23")],
  ["0 10 0 * ? *", has("0", "day of month", "1 to 31")],
  ["0 10 32W * ? *", has("32W", "day of month", "1 to 31")],
  ["0 10 * 13 ? *", has("13", "month", "1 to 12, or JAN to DEC")],
  ["0 10 ? * 8 *", has("8", "day of week", weekday)],
  ["0 10 ? * FOO *", has("FOO", "day of week", weekday)],
  ["0 10 ? * 2#6 *", has("2#6", "day of week", weekday)],
  ["0 10 ? * 3#1,6#3 *", has("3#1,6#3", "day of week", weekday)],
  ["0 10 * * ? 1969", has("1969", "year", "1970 to 2199")],
])("no job can run at cron(%s)", (fields, problem) => {
  const schedule = `cron(${fields})`;
  expect(problemsWith({ schedule })).toEqual([
    `test.ts: jobs.report.schedule ${problem} (got "${schedule}")`,
  ]);
  expect(isTaken(schedule)).toBe(false);
});

test.each(["0 10 * * ?", "0 10 * * ? * *", "daily"])("a schedule needs six fields, unlike %s", (fields) => {
  expect(problemsWith({ schedule: `cron(${fields})` })).toEqual([
    expect.stringContaining("must be rate(VALUE UNIT) or cron(MINUTES HOURS DAY-OF-MONTH MONTH"),
  ]);
});

test.each(["UTC", "Asia/Kolkata", "Etc/UTC", "GMT", "Europe/Kyiv", "America/Port-au-Prince", "Etc/GMT+2"])(
  "%s is a time zone",
  (timezone) => {
    expect(problemsWith({ timezone })).toEqual([]);
  },
);

test.each(["+02:00", "Mars/Base", "europe/berlin", ""])("%j isn't a time zone", (timezone) => {
  expect(problemsWith({ timezone })).toEqual([
    `test.ts: jobs.report.timezone must be a time zone of the IANA database such as Europe/Berlin (got "${timezone}")`,
  ]);
});
