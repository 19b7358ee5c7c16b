import { expect, test } from "@jest/globals";
import type { ContainerInstance } from "../../local-cloud/aws/state";
import type { World } from "../../local-cloud/world";
import { anotherAccount, denied, failCalls } from "../support/scripts/failures";
import {
  activationId,
  addActivation,
  addInstance,
  addMachine,
  machine,
  node,
  register,
  remedy,
  settings,
  useNodeStage,
} from "../support/scripts/nodes";
import type { Running } from "../support/scripts/run";

const stage = useNodeStage();

const awaitNode = (overrides: Record<string, string> = {}) =>
  stage().runNodeScript("await.sh", settings({ TIMEOUT_SECONDS: "20", ...overrides }));

/** Lets something happen before each call from the given one on. */
function at(times: Readonly<Record<number, () => void>>): void {
  stage().before = (_, number) => times[number]?.();
}

const passed = `anywhere: registration of nyc3/node-1: ${machine(1)} is Online, ci1 is ACTIVE and connected\n`;

test("a node that is Online, ACTIVE and connected passes after five calls", async () => {
  register(stage().world);
  const { status, output } = await awaitNode();
  expect(status).toBe(0);
  expect(output).toBe(passed);
  expect(stage().calls).toEqual([
    "GetCallerIdentity",
    "DescribeInstanceInformation",
    "DescribeInstanceInformation",
    "ListContainerInstances",
    "DescribeContainerInstances",
  ]);
});

test("each step of a registration is reported while it is missing, and a lost connection is waited out", async () => {
  const { world } = stage();
  addActivation(world, { expired: false, used: false });
  const managed = () => addMachine(world, 1, node, { activationId });
  const contained = (over: Partial<ContainerInstance>) => addInstance(world, 1, node, over);
  at({
    6: () => (managed().lastPingAt = 0),
    9: managed,
    12: () => contained({ status: "REGISTERING" }),
    16: () => contained({ lastPollAt: 0 }),
    18: () => contained({}),
  });
  const { status, output } = await awaitNode();
  expect(status).toBe(0);
  const lines = output.split("\n").map((line) => line.replace("anywhere: registration of nyc3/node-1: ", ""));
  expect(lines).toEqual([
    "waiting: the machine has not registered with Systems Manager",
    `waiting: ${machine(1)} is registered with Systems Manager, but its ping status is ConnectionLost, not Online`,
    `waiting: ${machine(1)} is activated and Online, but no ECS agent has registered it with the cluster shop`,
    "waiting: the container instance ci1 is REGISTERING, not ACTIVE",
    "waiting: the ECS agent of ci1 is not connected",
    `${machine(1)} is Online, ci1 is ACTIVE and connected`,
    "",
  ]);
});

test("a look at a node whose container instance is known takes one read of ECS", async () => {
  const instance = register(stage().world);
  instance.lastPollAt = 0;
  at({ 13: () => (instance.lastPollAt = Date.now()) });
  expect(await awaitNode()).toMatchObject({ status: 0 });
  expect(stage().calls.slice(5)).toEqual(Array.from({ length: 8 }, () => "DescribeContainerInstances"));
});

test("each look comes at least the interval after the one before", async () => {
  const instance = register(stage().world);
  instance.lastPollAt = 0;
  const times: number[] = [];
  stage().before = (operation) => {
    times.push(operation === "DescribeContainerInstances" ? Date.now() : 0);
    instance.lastPollAt = times.length > 8 ? Date.now() : 0;
  };
  expect(await awaitNode({ POLL_SECONDS: "0.3" })).toMatchObject({ status: 0 });
  const looks = times.filter((time) => time > 0);
  const gaps = looks.slice(1).map((time, index) => time - (looks[index] ?? 0));
  expect(gaps).toHaveLength(4);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(300);
});

test("registrations of other nodes and of another machine do not let a node pass", async () => {
  const { world } = stage();
  const others = [
    { ...node, generation: "5f2b" },
    { ...node, site: "ams3" },
  ];
  addMachine(world, 1, node, { activationId });
  others.forEach((identity, index) => {
    addMachine(world, 2 + index, identity);
    addInstance(world, 2 + index, identity);
  });
  // Of this node, but of a machine that Systems Manager does not know any more.
  addInstance(world, 4, node);
  const { status, output } = await awaitNode({ TIMEOUT_SECONDS: "0" });
  expect(status).toBe(1);
  expect(output).toContain(`${machine(1)} is activated and Online, but no ECS agent has registered it`);
});

test.each([
  ["its activation's id, without tags or attributes of its own", { tags: [] }, {}],
  ["its tag, with an activation of another id", { activationId: "another" }, {}],
  [
    "its attributes, without tags and with an activation of another id",
    { activationId: "another", tags: [] },
    {},
  ],
  ["its tag and attributes, when a state of an earlier release has no activation", {}, { ACTIVATION_ID: "" }],
])("a node is found by %s", async (_, marks, overrides) => {
  addMachine(stage().world, 1, node, { activationId, ...marks });
  addInstance(stage().world, 1, node);
  expect(await awaitNode(overrides)).toMatchObject({
    status: 0,
    output: passed,
  });
});

test("a node whose activation AWS no longer knows is still found in the other ways", async () => {
  const { world } = stage();
  addMachine(world, 1, node);
  addInstance(world, 1, node);
  const refuse = (contains: string) => {
    const error = { code: "InvalidInstanceInformationFilterValue", contains };
    failCalls(world, ["ssm", "DescribeInstanceInformation"], error);
  };
  refuse("ActivationIds");
  expect(await awaitNode()).toMatchObject({ status: 0 });
  refuse("tag:");
  expect(await awaitNode()).toMatchObject({
    status: 1,
    output: expect.stringContaining("FAILED: ssm describe-instance-information: gone."),
  });
});

test("a look at a node that isn't registered takes two reads of Systems Manager and one of ECS", async () => {
  const { world } = stage();
  addActivation(world, { expired: false, used: false });
  const begun: Running[] = [];
  at({
    11: () => addMachine(world, 1, node, { activationId }),
    20: () => begun[0]?.kill(),
  });
  await stage().runNodeScript("await.sh", settings({ TIMEOUT_SECONDS: "20" }), (running) =>
    begun.push(running),
  );
  const look = ["DescribeInstanceInformation", "DescribeInstanceInformation", "ListContainerInstances"];
  const looks = stage()
    .calls.slice(1)
    .filter((name) => name !== "DescribeActivations");
  expect(looks.length).toBeGreaterThan(8);
  expect(looks).toEqual(looks.map((_, index) => look[index % 3]));
});

test("a registration that is older than the machine does not let it pass", async () => {
  addMachine(stage().world, 1, node, { activationId });
  addInstance(stage().world, 1, node, { registeredAt: Date.parse("2026-01-31T12:00:00Z") });
  const late = await awaitNode({ TIMEOUT_SECONDS: "0", MACHINE_CREATED: "2026-01-31T12:00:01Z" });
  expect(late.status).toBe(1);
  expect(late.output).toContain(`${machine(1)} is activated and Online, but no ECS agent has registered it`);
  expect(await awaitNode({ MACHINE_CREATED: "2026-01-31T12:00:00Z" })).toMatchObject({ status: 0 });
});

test("of two machines of the same incarnation the one that ECS knows counts", async () => {
  addMachine(stage().world, 1, node, { activationId });
  addMachine(stage().world, 2, node);
  addInstance(stage().world, 2, node);
  const { status, output } = await awaitNode();
  expect({ status, output }).toMatchObject({
    status: 0,
    output: expect.stringContaining(`${machine(2)} is Online, ci2`),
  });
});

const missing: readonly (readonly [string, (world: World) => unknown, readonly string[]])[] = [
  [
    "a machine that never used its activation",
    (world) => {
      addActivation(world, { expired: false, used: false });
    },
    [
      "has never used its activation",
      "anywhere-bootstrap.log. If it is only late, run again; else " + remedy,
    ],
  ],
  [
    "an activation that expired unused",
    (world) => {
      addActivation(world, { expired: true, used: false });
    },
    ["expired before the machine used it", remedy],
  ],
  [
    "an activation that was used by a machine nobody sees",
    (world) => {
      addActivation(world, { expired: true, used: true });
    },
    ["has been used, but by a machine that never appeared", remedy],
  ],
  ["an activation that was deleted", () => undefined, ["no longer exists", remedy]],
  [
    "a machine whose agent of Systems Manager is silent",
    (world) => addMachine(world, 1, node, { lastPingAt: 0 }),
    ["its ping status is ConnectionLost", "run again; else " + remedy],
  ],
  [
    "a machine without an agent of ECS",
    (world) => addMachine(world, 1, node),
    [`${machine(1)} is activated and Online, but no ECS agent`, "run again; else " + remedy],
  ],
  [
    "a container instance that somebody drains",
    (world) => (register(world).status = "DRAINING"),
    ["ci1 is DRAINING, not ACTIVE", "set it to ACTIVE and run again; else " + remedy],
  ],
  [
    "an agent of ECS without a connection",
    (world) => (register(world).lastPollAt = 0),
    ["the ECS agent of ci1 is not connected", "run again; else " + remedy],
  ],
];

test.each(missing)("%s is named with its remedy at the time-out", async (_, arrange, texts) => {
  arrange(stage().world);
  const { status, output } = await awaitNode({ TIMEOUT_SECONDS: "0" });
  expect(status).toBe(1);
  const verdict = output.trimEnd().split("\n").at(-1);
  expect(verdict).toMatch(/^anywhere: registration of nyc3\/node-1: FAILED: after \d+ s, /);
  for (const text of texts) {
    expect(verdict).toContain(text);
  }
  expect(stage().calls.filter((name) => name === "DescribeActivations").length).toBeLessThanOrEqual(1);
});

test("a missing cluster fails at once", async () => {
  addMachine(stage().world, 1, node);
  stage().world.aws.clusters.clear();
  const { status, output } = await awaitNode();
  expect(status).toBe(1);
  expect(output).toContain(
    "the cluster shop does not exist in us-east-1. Deploy the control plane, then run again.",
  );
});

test("credentials of another account fail at once", async () => {
  const { status, output } = await awaitNode(anotherAccount);
  expect(status).toBe(1);
  expect(output).toContain("wrong account");
  expect(stage().calls).toEqual(["GetCallerIdentity"]);
});

test("access denied while waiting fails at once and names the call", async () => {
  failCalls(stage().world, ["ssm", "DescribeInstanceInformation"], denied);
  const { status, output } = await awaitNode();
  expect(status).toBe(1);
  expect(output).toContain("FAILED: ssm describe-instance-information: access denied");
});
