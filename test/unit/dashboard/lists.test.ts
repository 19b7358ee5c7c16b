import { expect, test } from "@jest/globals";
import { toldOf } from "../../../cli/dashboard/page/model/events";
import { groupsOf } from "../../../cli/dashboard/page/model/problems";
import { timeOfDay } from "../../../cli/dashboard/page/model/time";
import type { FleetEvent } from "../../../cli/fleet/events";
import type { Problem } from "../../../cli/fleet/problem";

const event = (second: number, of: string, message: string, more: Partial<FleetEvent> = {}): FleetEvent => ({
  at: `2026-11-26T12:00:0${second}.000Z`,
  of,
  message,
  node: null,
  exitCode: null,
  ...more,
});

test("events are listed newest first, with one entry for all subjects of the same event at the same time", () => {
  const told = toldOf([
    event(1, "web--ams3", "has reached a steady state."),
    ...["node-1", "node-2", "node-3"].map((node) => event(2, `ams3/${node}`, "Problem: it is lost")),
    event(2, "web--ams3", "has reached a steady state."),
    event(3, "ams3/node-1", "No longer: it is lost"),
  ]);
  expect(told.map(({ at, subjects, message }) => [at.slice(17, 19), subjects, message])).toEqual([
    ["03", ["ams3/node-1"], "No longer: it is lost"],
    ["02", ["web--ams3"], "has reached a steady state."],
    ["02", ["ams3/node-1", "ams3/node-2", "ams3/node-3"], "Problem: it is lost"],
    ["01", ["web--ams3"], "has reached a steady state."],
  ]);
});

test.each([
  ["bad", "Problem: the load balancer of web finds it unhealthy", null],
  ["good", "No longer: the load balancer of web finds it unhealthy", null],
  ["bad", "was unable to place a task.", null],
  ["bad", "(task 1) of web:1 stopped with code 137: OutOfMemory", 137],
  ["plain", "(task 1) of web:1 stopped with code 0: Essential container in task exited", 0],
  ["plain", "has reached a steady state.", null],
])("an event is %s news: %s", (tone, message, exitCode) => {
  expect(toldOf([event(1, "web", message, { exitCode })])[0]?.tone).toBe(tone);
});

test("of many problems of one kind, some are shown and the others kept, so that no kind hides another", () => {
  const problems = (kind: Problem["kind"], count: number) =>
    Array.from({ length: count }, (_, index): Problem => {
      const subject = `ams3/node-${index + 1}`;
      return { kind, subject, message: kind, remedy: "wait" };
    });
  const groups = groupsOf([
    ...problems("lost", 100),
    ...problems("agent-lost", 4),
    ...problems("ping-lost", 5),
  ]);
  expect(groups.map(({ kind, shown, more }) => [kind, shown.length, more.length])).toEqual([
    ["lost", 3, 97],
    ["agent-lost", 4, 0],
    ["ping-lost", 3, 2],
  ]);
  expect(groups[0]?.more.at(-1)?.subject).toBe("ams3/node-100");
});

test("a time of today is shown without its date, in the same zone as all others", () => {
  expect(timeOfDay("2026-11-26T01:02:03.456Z", "2026-11-26T12:00:00.000Z")).toBe("01:02:03Z");
  expect(timeOfDay("2026-11-25T23:02:03.456Z", "2026-11-26T12:00:00.000Z")).toBe("2026-11-25 23:02:03Z");
});
