import { expect, test } from "@jest/globals";
import { lanesOf } from "../../../cli/dashboard/page/model/roll-out";
import { nodeNote, nodeState, serviceState } from "../../../cli/dashboard/page/model/states";
import type { Fleet, FleetNode, FleetService, FleetTask } from "../../../cli/fleet/fleet";
import { problemsOf } from "../../../cli/fleet/problems";
import type { StatusReport } from "../../../cli/report/schemas/status-report";
import * as sample from "../../support/observation/sample-fleet";

const { at } = sample;

const task = (id: string, revision: number, more: Partial<FleetTask> = {}): FleetTask => ({
  ...sample.task,
  id,
  arn: `arn:task/${id}`,
  revision: `shop--web--ams3:${revision}`,
  ...more,
});

const node = (name: string, tasks: FleetTask[], more: Partial<FleetNode> = {}): FleetNode => ({
  ...sample.node,
  node: name,
  tasks,
  backends: [],
  ...more,
});

const deployment = (revision: number, status: string, state: string) => ({
  ...sample.deployment,
  id: `ecs-svc/${revision}`,
  status,
  state,
  revision: `shop--web--ams3:${revision}`,
});

const service = (
  deployments: FleetService["deployments"],
  more: Partial<FleetService> = {},
): FleetService => ({
  service: "web",
  site: "ams3",
  name: "web--ams3",
  status: "ACTIVE",
  desired: 2,
  running: 2,
  pending: 0,
  deployments,
  images: [],
  urls: [],
  lastEvent: null,
  ...more,
});

const rolling = service([deployment(10, "PRIMARY", "IN_PROGRESS"), deployment(9, "ACTIVE", "COMPLETED")]);

const inShort = (nodes: readonly FleetNode[]) =>
  lanesOf(rolling, nodes).map(({ number, isWanted, places, missing }) => [
    number,
    isWanted,
    places.map(({ key }) => key),
    missing,
  ]);

test("a task's place keeps its key from the old revision to the new one, even while both run", () => {
  const before = [node("node-1", [task("a", 9)]), node("node-2", [task("b", 9)])];
  expect(inShort(before)).toEqual([
    ["9", false, ["web ams3/node-1 0", "web ams3/node-2 0"], 0],
    ["10", true, [], 2],
  ]);
  const both = [node("node-1", [task("c", 10), task("a", 9)]), node("node-2", [task("b", 9)])];
  expect(inShort(both)).toEqual([
    ["9", false, ["web ams3/node-1 0", "web ams3/node-2 0"], 0],
    ["10", true, ["web ams3/node-1 1"], 1],
  ]);
  const half = [node("node-1", [task("c", 10)]), node("node-2", [task("b", 9)])];
  expect(inShort(half)).toEqual([
    ["9", false, ["web ams3/node-2 0"], 0],
    ["10", true, ["web ams3/node-1 0"], 1],
  ]);
  expect(inShort([node("node-1", [task("c", 10)]), node("node-2", [task("d", 10)])])).toEqual([
    ["10", true, ["web ams3/node-1 0", "web ams3/node-2 0"], 0],
  ]);
});

test("a roll-back shows the older revision as the wanted one, on the right", () => {
  const back = service([deployment(9, "PRIMARY", "IN_PROGRESS"), deployment(10, "ACTIVE", "FAILED")]);
  const lanes = lanesOf(back, [node("node-1", [task("c", 10)]), node("node-2", [task("d", 9)])]);
  expect(lanes.map(({ number, isWanted }) => [number, isWanted])).toEqual([
    ["10", false],
    ["9", true],
  ]);
});

function reportOf(nodes: FleetNode[], more: Partial<Fleet> = {}): StatusReport {
  const fleet: Fleet = {
    deployment: "shop",
    region: "eu-west-1",
    at,
    sites: [{ site: "ams3", kind: "digitalocean", nodes }],
    services: [],
    jobs: [],
    strangers: [],
    unanswered: [],
    ...more,
  };
  return { ...fleet, problems: problemsOf(fleet) };
}

const instance = node("node-1", []).containerInstance;

test.each<readonly [string, FleetNode, ReturnType<typeof nodeState>, string, Partial<Fleet>]>([
  ["that runs its task", node("node-1", [task("a", 9)]), "good", "", {}],
  ["whose task is on its way", node("node-1", [task("a", 9, { status: "PENDING" })]), "changing", "", {}],
  [
    "that is drained",
    node("node-1", [], { containerInstance: instance && { ...instance, status: "DRAINING" } }),
    "changing",
    "draining",
    {},
  ],
  [
    "that boots",
    node("node-1", [], {
      managedInstance: null,
      containerInstance: null,
      activation: { id: "a1", state: "unused", expiresAt: at },
    }),
    "changing",
    "booting",
    {},
  ],
  [
    "that nobody has joined yet",
    node("node-1", [], {
      machine: null,
      managedInstance: null,
      containerInstance: null,
      activation: { id: "a1", state: "unused", expiresAt: at },
    }),
    "bad",
    "machine missing",
    {},
  ],
  [
    "whose agent is lost",
    node("node-1", [], { containerInstance: instance && { ...instance, agentConnected: false } }),
    "bad",
    "agent lost",
    {},
  ],
  [
    "whose task is unhealthy",
    node("node-1", [task("a", 9, { health: "UNHEALTHY" })]),
    "bad",
    "task unhealthy",
    {},
  ],
  [
    "whose replacement is pending",
    node("node-1", [task("a", 9)], { generation: "g2" }),
    "changing",
    "replacement pending",
    {},
  ],
  [
    "of which ECS tells nothing",
    node("node-1", [], { containerInstance: null }),
    "unknown",
    "",
    { unanswered: [{ source: "ECS", reason: "denied" }] },
  ],
])("a node %s is shown as such", (_, one, state, note, more) => {
  const report = reportOf([one], more);
  expect([nodeState(one, report), nodeNote(one, report)]).toEqual([state, note]);
});

test("a service is changing while it rolls, and bad when a roll-out has failed or tasks are missing", () => {
  const stateOf = (one: FleetService) => serviceState(one, reportOf([], { services: [one] }));
  const steady = deployment(9, "PRIMARY", "COMPLETED");
  expect(stateOf(service([steady]))).toBe("good");
  expect(stateOf(rolling)).toBe("changing");
  expect(stateOf(service([steady], { running: 1 }))).toBe("bad");
  expect(stateOf(service([deployment(9, "PRIMARY", "FAILED")]))).toBe("bad");
});
