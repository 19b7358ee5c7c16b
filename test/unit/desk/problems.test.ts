import { expect, test } from "@jest/globals";
import type { Fleet, FleetNode, FleetService } from "../../../cli/fleet/fleet";
import { problemsOf } from "../../../cli/fleet/problems";
import { selectFleet } from "../../../cli/fleet/select";
import { screenOf } from "../../../cli/report/screen";
import { statusText } from "../../../cli/report/status-text";
import { table } from "../../../cli/report/table";
import { at, deployment, node, task } from "../../support/observation/sample-fleet";

const service: FleetService = {
  service: "web",
  site: "ams3",
  name: "web--ams3",
  status: "ACTIVE",
  desired: 1,
  running: 1,
  pending: 0,
  deployments: [deployment],
  images: ["registry.example/shop/app:v7"],
  urls: ["http://203.0.113.1"],
  lastEvent: null,
};

function fleetOf({
  nodes = [node],
  services = [service],
  ...more
}: Partial<Omit<Fleet, "sites">> & { readonly nodes?: FleetNode[] }): Fleet {
  return {
    deployment: "shop",
    region: "eu-west-1",
    at,
    sites: [{ site: "ams3", kind: "digitalocean", nodes }],
    services,
    jobs: [],
    strangers: [],
    unanswered: [],
    ...more,
  };
}

const told = (fleet: Fleet) =>
  problemsOf(fleet).map(({ kind, subject, message }) => [kind, subject, message]);

test("a healthy fleet has no problems, not even while a node is drained or a service is rolled out", () => {
  const draining = {
    ...node,
    containerInstance: node.containerInstance && { ...node.containerInstance, status: "DRAINING" },
  };
  const rolling = { ...service, running: 2, deployments: [{ ...deployment, state: "IN_PROGRESS" }] };
  expect(told(fleetOf({ nodes: [draining], services: [rolling] }))).toEqual([]);
});

test.each<readonly [string, Partial<FleetNode>, readonly [string, string]]>([
  ["its droplet", { machine: null }, ["machine-missing", "has no droplet"]],
  [
    "its managed instance",
    { managedInstance: null },
    ["orphaned", "container instance c1 has no managed instance any more: its credentials are gone"],
  ],
  [
    "its container instance",
    { containerInstance: null, backends: [] },
    ["not-in-cluster", "mi-1 is Online, but isn't a container instance"],
  ],
  [
    "both registrations, its activation being used up",
    {
      managedInstance: null,
      containerInstance: null,
      activation: { id: "a1", state: "used up", expiresAt: at },
    },
    ["not-registered", "its activation a1 is used up, but no machine registered with it is known"],
  ],
  [
    "its task's health",
    { tasks: [{ ...task, health: "UNHEALTHY" }] },
    ["task-unhealthy", "task 0a1b of web is unhealthy"],
  ],
])("a node without %s has one problem", (_, change, [kind, message]) => {
  expect(told(fleetOf({ nodes: [{ ...node, ...change }] }))).toEqual([[kind, "ams3/node-1", message]]);
});

test("a cloud that doesn't answer is a problem of its own, not of a node", () => {
  const unanswered: Fleet["unanswered"] = [
    { source: "DigitalOcean", reason: "no token" },
    { source: "Systems Manager", reason: "denied" },
  ];
  const unknown = { ...node, machine: null, managedInstance: null };
  expect(told(fleetOf({ nodes: [unknown], unanswered })).map(([kind]) => kind)).toEqual([
    "unanswered",
    "unanswered",
  ]);
});

test.each<readonly [Partial<FleetService>, readonly [string, string]]>([
  [{ status: "MISSING", running: 0 }, ["service-missing", "isn't deployed"]],
  [
    { status: "DRAINING", desired: 0, lastEvent: { at, message: "has reached a steady state." } },
    ["service-missing", "is being deleted; tasks still running: 1"],
  ],
  [
    { deployments: [deployment, { ...deployment, state: "FAILED", reason: "tasks failed to start." }] },
    ["service-failed", "the roll-out of shop--web--ams3:3 failed: tasks failed to start."],
  ],
  [
    { running: 0, lastEvent: { at, message: "was unable to place a task." } },
    ["service-unsteady", "0 of 1 tasks run: was unable to place a task."],
  ],
  [
    { deployments: [{ ...deployment, state: "IN_PROGRESS", failedTasks: 2 }] },
    ["service-unsteady", "1 of 1 tasks run, 2 failed"],
  ],
])("a service with %j has one problem", (change, [kind, message]) => {
  expect(told(fleetOf({ services: [{ ...service, ...change }] }))).toEqual([[kind, "web--ams3", message]]);
});

test("a job whose last run has failed, or never began, is a problem", () => {
  const job = {
    job: "report",
    site: "ams3",
    schedule: "rate(1 day)",
    timezone: "UTC",
    enabled: true,
    running: [],
    next: null,
  };
  const ended = { ...task, of: "report", status: "STOPPED", stoppedAt: at };
  const last = [
    { ...ended, exitCode: 0 },
    { ...ended, exitCode: 3, reason: "Essential container in task exited" },
    { ...ended, reason: "CannotPullContainerError: no such image" },
  ];
  const problems = last.flatMap((run) => told(fleetOf({ jobs: [{ ...job, last: run }] })));
  expect(problems.map(([, , message]) => message)).toEqual([
    "its last run (2026-11-26 12:00:00Z) ended with code 3: Essential container in task exited",
    "its last run (2026-11-26 12:00:00Z) never ran: CannotPullContainerError: no such image",
  ]);
});

test("a fleet can be narrowed down to a site, a service, or a node with or without its site", () => {
  const other = { ...node, node: "node-2", tasks: [] };
  const fleet = fleetOf({ nodes: [node, other] });
  const nodesOf = (...names: readonly string[]) =>
    selectFleet(fleet, names).sites.flatMap(({ nodes }) => nodes.map((one) => one.node));
  expect(nodesOf("node-2")).toEqual(["node-2"]);
  expect(nodesOf("ams3/node-1")).toEqual(["node-1"]);
  expect(nodesOf("web")).toEqual(["node-1"]);
  expect(nodesOf("ams3")).toEqual(["node-1", "node-2"]);
  expect(() => nodesOf("node1")).toThrow("Did you mean ams3/node-1?");
});

test("a name that only ECS could know isn't called unknown while ECS doesn't answer", () => {
  const unanswered = [{ source: "ECS", reason: "ExpiredTokenException: expired" }] as const;
  const fleet = { ...fleetOf({}), services: [], unanswered: [...unanswered] };
  expect(told(selectFleet(fleet, ["web"])).map(([kind]) => kind)).toContain("unanswered");
});

test("colours are used only in a terminal that shows them, and not with NO_COLOR", () => {
  const text = (isTTY: boolean, variables: NodeJS.ProcessEnv) =>
    statusText(fleetOf({}), [], screenOf({ isTTY, columns: 200 }, variables));
  expect(text(true, {})).toContain("\u001b[32mactive\u001b[39m");
  for (const plain of [text(false, {}), text(true, { NO_COLOR: "1" }), text(true, { TERM: "dumb" })]) {
    expect(plain).not.toContain("\u001b");
    expect(plain).toContain("active");
  }
});

test.each([
  ["within 5 minutes", { schedule: "rate(5 minutes)" }],
  ["2026-11-26 12:00:00Z", { schedule: "cron(0 12 * * ? *)", next: at }],
  ["-", { schedule: "cron(0 12 1 1 ? 2020)" }],
  ["disabled", { schedule: "rate(5 minutes)", enabled: false }],
])("a job's next run is shown as %s with %j", (shown, change) => {
  const job = {
    job: "report",
    site: "ams3",
    timezone: "UTC",
    enabled: true,
    running: [],
    last: null,
    next: null,
  };
  const text = statusText(fleetOf({ jobs: [{ ...job, ...change }] }), [], screenOf({}, {}));
  expect(text.split("\n").at(-1)?.endsWith(`  ${shown}`)).toBe(true);
});

test("a table that doesn't fit breaks its widest cells, between words where it can", () => {
  const rows = [
    ["NAME", "MESSAGE", "ID"],
    ["one", "a message of some words", "mi-0123456789abcdef0"],
  ];
  expect(table(rows, 80)).toBe(
    "NAME  MESSAGE                  ID\none   a message of some words  mi-0123456789abcdef0",
  );
  expect(table(rows, 40)).toBe(
    "NAME  MESSAGE       ID\none   a message of  mi-0123456789abcdef0\n      some words",
  );
  expect(
    Math.max(
      ...table(rows, 20)
        .split("\n")
        .map(({ length }) => length),
    ),
  ).toBeLessThanOrEqual(20);
});
