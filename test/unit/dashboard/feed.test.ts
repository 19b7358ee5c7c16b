import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { Feed, type Told } from "../../../cli/dashboard/feed";
import { History } from "../../../cli/dashboard/history";
import type { Problem } from "../../../cli/fleet/problem";
import type { StatusReport } from "../../../cli/report/schemas/status-report";
import { eventually } from "../../support/jest/eventually";

const report = (problems: readonly Problem[], more: Partial<StatusReport> = {}): StatusReport => ({
  deployment: "shop",
  region: "eu-west-1",
  at: new Date().toISOString(),
  sites: [],
  services: [],
  jobs: [],
  strangers: [],
  unanswered: [],
  problems: [...problems],
  ...more,
});

const lost: Problem = {
  kind: "agent-lost",
  subject: "ams3/node-1",
  message: "its ECS agent isn't connected",
  remedy: "wait",
};

test("a problem is reported once when it comes and once when it goes, but not while a cloud doesn't answer", () => {
  const history = new History();
  const unanswered: StatusReport["unanswered"] = [{ source: "ECS", reason: "denied" }];
  for (const one of [
    report([]),
    report([lost]),
    report([{ ...lost, message: "its ECS agent isn't connected yet" }]),
    report([], { unanswered }),
  ]) {
    history.take(one);
  }
  const told = () => history.mixedWith([]).map(({ of, message }) => `${of}: ${message}`);
  expect(told()).toEqual(["ams3/node-1: Problem: its ECS agent isn't connected"]);
  history.take(report([]));
  expect(told()).toEqual([
    "ams3/node-1: Problem: its ECS agent isn't connected",
    "ams3/node-1: No longer: its ECS agent isn't connected",
  ]);
});

/** Seconds between two looks. */
const every = 0.05;

const someLooks = () => pause(10 * every * 1000);

test("clouds are queried only while somebody follows, and all followers are told the same", async () => {
  let looks = 0;
  const look = () => {
    looks++;
    return Promise.resolve({ report: report([]), events: [] });
  };
  const feed = new Feed(look, await look(), every);
  await someLooks();
  expect(looks).toBe(1);
  const first: Told[] = [];
  const second: Told[] = [];
  const [endFirst, endSecond] = [first, second].map((told) => feed.follow((one) => told.push(one)));
  expect([first.length, second.length]).toEqual([1, 1]);
  await eventually("several looks are told", () => Promise.resolve(looks > 3 ? looks : undefined));
  expect(first).toEqual(second);
  endFirst?.();
  const told = first.length;
  await eventually("the other is told more", () =>
    Promise.resolve(second.length > told + 1 ? told : undefined),
  );
  expect(first).toHaveLength(told);
  endSecond?.();
  await someLooks();
  const before = looks;
  await someLooks();
  expect(looks).toBe(before);
});

test("a look that fails is reported with its reason, beside what was seen before", async () => {
  const first = { report: report([lost]), events: [] };
  const feed = new Feed(() => Promise.reject(new Error("no answer\nat all")), first, every);
  const told: Told[] = [];
  const end = feed.follow((one) => told.push(one));
  await eventually("a second look is told", () => Promise.resolve(told[1]));
  end();
  expect(told.slice(0, 2).map(({ trouble, look }) => [trouble, look.report.problems.length])).toEqual([
    [null, 1],
    ["Error: no answer", 1],
  ]);
});
