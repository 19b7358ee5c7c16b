import { beforeEach, expect, test } from "@jest/globals";
import { ApiError, emptyAccount, type AwsAccount } from "../support/aws-account";
import {
  activationId,
  container,
  managed,
  node,
  remedy,
  runNodeScript,
  settings,
} from "../support/node-script";

let account: AwsAccount;

beforeEach(() => {
  account = emptyAccount();
});

const awaitNode = (overrides: Record<string, string> = {}) =>
  runNodeScript(account, "await.sh", settings({ TIMEOUT_SECONDS: "20", ...overrides }));
const operations = () => account.calls.map(({ operation }) => operation);

/** Lets something happen before each call from the given one on. */
function at(times: Readonly<Record<number, () => void>>): void {
  account.before = (_, number) => times[number]?.();
}

test("a node that is Online, ACTIVE and connected passes after five calls", async () => {
  account.managed.push(managed("mi-1", node, activationId));
  account.containers.push(container("mi-1", node));
  const { status, output } = await awaitNode();
  expect(status).toBe(0);
  expect(output).toBe("anywhere: registration of nyc3/node-1: mi-1 is Online, ci1 is ACTIVE and connected\n");
  expect(operations()).toEqual([
    "GetCallerIdentity",
    "DescribeInstanceInformation",
    "DescribeInstanceInformation",
    "ListContainerInstances",
    "DescribeContainerInstances",
  ]);
});

test("each step of a registration is told as it is waited for, and a lost connection on the way is waited out", async () => {
  const instance = container("mi-1", node);
  const machine = managed("mi-1", node, activationId);
  account.activations.push({ id: activationId, expired: false, registrations: 0 });
  machine.ping = "ConnectionLost";
  instance.status = "REGISTERING";
  at({
    6: () => account.managed.push(machine),
    9: () => (machine.ping = "Online"),
    12: () => account.containers.push(instance),
    16: () => {
      instance.status = "ACTIVE";
      instance.connected = false;
    },
    18: () => (instance.connected = true),
  });
  const { status, output } = await awaitNode();
  expect(status).toBe(0);
  const lines = output.split("\n").map((line) => line.replace("anywhere: registration of nyc3/node-1: ", ""));
  expect(lines).toEqual([
    "waiting: the machine has not registered with Systems Manager",
    "waiting: mi-1 is registered with Systems Manager, but its ping status is ConnectionLost, not Online",
    "waiting: mi-1 is activated and Online, but no ECS agent has registered it with the cluster shop",
    "waiting: the container instance ci1 is REGISTERING, not ACTIVE",
    "waiting: the ECS agent of ci1 is not connected",
    "mi-1 is Online, ci1 is ACTIVE and connected",
    "",
  ]);
});

test("a node whose container instance is known is looked at with one read of ECS each time", async () => {
  account.managed.push(managed("mi-1", node, activationId));
  const instance = container("mi-1", node);
  instance.connected = false;
  account.containers.push(instance);
  at({ 13: () => (instance.connected = true) });
  expect(await awaitNode()).toMatchObject({ status: 0 });
  expect(operations().slice(5)).toEqual(Array.from({ length: 8 }, () => "DescribeContainerInstances"));
});

test("no look comes sooner than the interval after the one before", async () => {
  account.managed.push(managed("mi-1", node, activationId));
  const instance = container("mi-1", node);
  instance.connected = false;
  account.containers.push(instance);
  const times: number[] = [];
  account.before = ({ operation }) => {
    times.push(operation === "DescribeContainerInstances" ? Date.now() : 0);
    instance.connected = times.length > 8;
  };
  expect(await awaitNode({ POLL_SECONDS: "0.3" })).toMatchObject({ status: 0 });
  const looks = times.filter((time) => time > 0);
  const gaps = looks.slice(1).map((time, index) => time - (looks[index] ?? 0));
  expect(gaps).toHaveLength(4);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(300);
});

test("registrations of other nodes and of another machine do not let a node pass", async () => {
  account.managed.push(
    managed("mi-1", node, activationId),
    managed("mi-2", { ...node, generation: "5f2b" }),
    managed("mi-3", { ...node, site: "ams3" }),
  );
  account.containers.push(
    container("mi-2", { ...node, generation: "5f2b" }),
    container("mi-3", { ...node, site: "ams3" }),
    // Of this node, but of a machine that Systems Manager does not know any more.
    container("mi-4", node),
  );
  const { status, output } = await awaitNode({ TIMEOUT_SECONDS: "0" });
  expect(status).toBe(1);
  expect(output).toContain("mi-1 is activated and Online, but no ECS agent has registered it");
});

test.each([
  ["its activation's id, without tags or attributes of its own", { tags: {} }, {}],
  ["its tag, with an activation of another id", { activationId: "another" }, {}],
  [
    "its attributes, without tags and with an activation of another id",
    { activationId: "another", tags: {} },
    {},
  ],
  ["its tag and attributes, when a state of an earlier release has no activation", {}, { ACTIVATION_ID: "" }],
])("a node is found by %s", async (_, marks, overrides) => {
  account.managed.push({ ...managed("mi-1", node, activationId), ...marks });
  account.containers.push(container("mi-1", node));
  expect(await awaitNode(overrides)).toMatchObject({
    status: 0,
    output: "anywhere: registration of nyc3/node-1: mi-1 is Online, ci1 is ACTIVE and connected\n",
  });
});

test("an activation that AWS does not know any more keeps nobody from being found by the other ways", async () => {
  account.managed.push(managed("mi-1", node));
  account.containers.push(container("mi-1", node));
  let refused = "ActivationIds";
  account.before = ({ operation, input }) => {
    if (operation === "DescribeInstanceInformation" && JSON.stringify(input).includes(refused)) {
      throw new ApiError("InvalidInstanceInformationFilterValue", "no");
    }
  };
  expect(await awaitNode()).toMatchObject({ status: 0 });
  refused = "tag:";
  expect(await awaitNode()).toMatchObject({
    status: 1,
    output: expect.stringContaining("FAILED: ssm describe-instance-information: gone."),
  });
});

test("until it is registered, a node is looked at with two reads of Systems Manager and one of ECS each time", async () => {
  account.activations.push({ id: activationId, expired: false, registrations: 0 });
  at({ 20: () => account.managed.push(managed("mi-1", node, activationId)) });
  expect(await awaitNode({ TIMEOUT_SECONDS: "3" })).toMatchObject({ status: 1 });
  const look = ["DescribeInstanceInformation", "DescribeInstanceInformation", "ListContainerInstances"];
  const looks = operations()
    .slice(1)
    .filter((name) => name !== "DescribeActivations");
  expect(looks.length).toBeGreaterThan(8);
  expect(looks).toEqual(looks.map((_, index) => look[index % 3]));
});

test("a registration that is older than the machine does not let it pass", async () => {
  account.managed.push(managed("mi-1", node, activationId));
  account.containers.push({ ...container("mi-1", node), registeredAt: "2026-01-31T12:00:00Z" });
  const late = await awaitNode({ TIMEOUT_SECONDS: "0", MACHINE_CREATED: "2026-01-31T12:00:01Z" });
  expect(late.status).toBe(1);
  expect(late.output).toContain("mi-1 is activated and Online, but no ECS agent has registered it");
  expect(await awaitNode({ MACHINE_CREATED: "2026-01-31T12:00:00Z" })).toMatchObject({ status: 0 });
});

test("of two machines of the same incarnation the one that ECS knows counts", async () => {
  account.managed.push(managed("mi-1", node, activationId), managed("mi-2", node));
  account.containers.push(container("mi-2", node));
  const { status, output } = await awaitNode();
  expect({ status, output }).toMatchObject({
    status: 0,
    output: expect.stringContaining("mi-2 is Online, ci2"),
  });
});

const missing: readonly (readonly [string, () => void, readonly string[]])[] = [
  [
    "a machine that never used its activation",
    () => account.activations.push({ id: activationId, expired: false, registrations: 0 }),
    [
      "has never used its activation",
      "anywhere-bootstrap.log. If it is only late, run again; else " + remedy,
    ],
  ],
  [
    "an activation that expired unused",
    () => account.activations.push({ id: activationId, expired: true, registrations: 0 }),
    ["expired before the machine used it", remedy],
  ],
  [
    "an activation that was used by a machine nobody sees",
    () => account.activations.push({ id: activationId, expired: true, registrations: 1 }),
    ["has been used, but by a machine that never appeared", remedy],
  ],
  ["an activation that was deleted", () => undefined, ["does not exist any more", remedy]],
  [
    "a machine whose agent of Systems Manager is silent",
    () => account.managed.push({ ...managed("mi-1", node), ping: "ConnectionLost" }),
    ["its ping status is ConnectionLost", "run again; else " + remedy],
  ],
  [
    "a machine without an agent of ECS",
    () => account.managed.push(managed("mi-1", node)),
    ["mi-1 is activated and Online, but no ECS agent", "run again; else " + remedy],
  ],
  [
    "a container instance that somebody drains",
    () => {
      account.managed.push(managed("mi-1", node));
      account.containers.push({ ...container("mi-1", node), status: "DRAINING" });
    },
    ["ci1 is DRAINING, not ACTIVE", "set it to ACTIVE and run again; else " + remedy],
  ],
  [
    "an agent of ECS without a connection",
    () => {
      account.managed.push(managed("mi-1", node));
      account.containers.push({ ...container("mi-1", node), connected: false });
    },
    ["the ECS agent of ci1 is not connected", "run again; else " + remedy],
  ],
];

test.each(missing)("%s is named with its remedy when the time is over", async (_, arrange, texts) => {
  arrange();
  const { status, output } = await awaitNode({ TIMEOUT_SECONDS: "0" });
  expect(status).toBe(1);
  const verdict = output.trimEnd().split("\n").at(-1);
  expect(verdict).toMatch(/^anywhere: registration of nyc3\/node-1: FAILED: after \d+ s, /);
  for (const text of texts) {
    expect(verdict).toContain(text);
  }
  expect(operations().filter((name) => name === "DescribeActivations").length).toBeLessThanOrEqual(1);
});

test("a missing cluster fails at once", async () => {
  account.managed.push(managed("mi-1", node));
  account.clusterExists = false;
  const { status, output } = await awaitNode();
  expect(status).toBe(1);
  expect(output).toContain(
    "the cluster shop does not exist in us-east-1. Deploy the control plane, then run again.",
  );
});

test("credentials of another account fail at once", async () => {
  account.id = "999999999999";
  const { status, output } = await awaitNode();
  expect(status).toBe(1);
  expect(output).toContain("wrong account");
  expect(operations()).toEqual(["GetCallerIdentity"]);
});

test("access denied while waiting fails at once and names the call", async () => {
  account.before = ({ operation }) => {
    if (operation === "DescribeInstanceInformation") {
      throw new ApiError("AccessDeniedException", "no");
    }
  };
  const { status, output } = await awaitNode();
  expect(status).toBe(1);
  expect(output).toContain("FAILED: ssm describe-instance-information: access denied");
});
