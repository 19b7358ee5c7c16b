import { beforeEach, describe, expect, test } from "@jest/globals";
import { emptyAccount, type AwsAccount } from "../support/aws-account";
import {
  activationId,
  container,
  managed,
  node,
  runNodeScript,
  settings,
  taskArn,
} from "../support/node-script";
import { register, registered, registerOthers } from "../support/registrations";

let account: AwsAccount;

beforeEach(() => {
  account = emptyAccount();
});

const deregister = (overrides: Record<string, string> = {}) =>
  runNodeScript(account, "deregister.sh", settings(overrides));
const operations = () => account.calls.map(({ operation }) => operation);

test("an idle node is drained, then leaves ECS, then Systems Manager, in eight calls however large the cluster", async () => {
  register(account);
  for (let index = 0; index < 300; index += 1) {
    account.managed.push(managed(`mi-x${index}`, { ...node, node: `x${index}` }));
    account.containers.push(container(`mi-x${index}`, { ...node, node: `x${index}` }));
  }
  const { status, output } = await deregister();
  expect({ status, output }).toMatchObject({ status: 0 });
  expect(operations()).toEqual([
    "GetCallerIdentity",
    "DescribeInstanceInformation",
    "DescribeInstanceInformation",
    "ListContainerInstances",
    "DescribeContainerInstances",
    "UpdateContainerInstancesState",
    "DeregisterContainerInstance",
    "DeregisterManagedInstance",
  ]);
  expect(registered(account).managed).toHaveLength(300);
  expect(registered(account).containers).toHaveLength(300);
});

test("nodes of the same name elsewhere, of a longer name and of another generation keep their registration", async () => {
  registerOthers(account);
  register(account);
  const { status } = await deregister();
  expect(status).toBe(0);
  expect(registered(account)).toEqual({
    managed: ["mi-other0", "mi-other1", "mi-other2", "mi-other3"],
    containers: ["ciother0", "ciother1", "ciother2", "ciother3"],
  });
});

test("a node that is not registered is success, and costs four calls, for the guard too", async () => {
  registerOthers(account);
  expect(await deregister()).toMatchObject({
    status: 0,
    output: expect.stringContaining("nothing is registered"),
  });
  expect(account.calls).toHaveLength(4);
  account.calls.length = 0;
  const guard = await deregister({ PHASE: "guard" });
  expect(guard).toMatchObject({
    status: 0,
    output: "anywhere: guard of nyc3/node-1: nothing is registered\n",
  });
  expect(account.calls).toHaveLength(4);
  expect(registered(account).managed).toHaveLength(4);
});

test("the guard ends a registration that is left", async () => {
  register(account);
  expect(await deregister({ PHASE: "guard" })).toMatchObject({ status: 0 });
  expect(registered(account)).toEqual({ managed: [], containers: [] });
});

test("tasks are waited for and told of before ECS forgets the node", async () => {
  register(account, "a", "b");
  account.before = ({ operation }) => {
    const looks = operations().filter((name) => name === "DescribeContainerInstances").length;
    if (operation === "DescribeContainerInstances" && looks > 2) {
      account.containers[0]?.tasks.pop();
    }
  };
  const { status, output } = await deregister();
  expect(status).toBe(0);
  expect(output).toMatch(
    /draining ci1, 2 task[^]*\n.*1 task[^]* left after[^]*\n.*0 task[^]* left after[^]*deregistered ci1 from ECS/,
  );
  expect(operations()).not.toContain("StopTask");
});

test("without progress the remaining tasks are stopped through ECS, and the output says so", async () => {
  register(account, "a", "b");
  const { status, output } = await deregister({ STALL_SECONDS: "1" });
  expect(status).toBe(0);
  expect(output).toContain("2 task(s) left, no progress for 1 s");
  expect(output).toContain("stopping task a, which the drain has left");
  expect(account.calls.filter(({ operation }) => operation === "StopTask").map(({ input }) => input)).toEqual(
    ["a", "b"].map((id) => ({
      cluster: "shop",
      task: taskArn(id),
      reason: "Node nyc3/node-1 is deregistered",
    })),
  );
  expect(operations().lastIndexOf("StopTask")).toBeLessThan(
    operations().indexOf("DeregisterContainerInstance"),
  );
});

test("a drain that goes on too long is cut off although it makes progress", async () => {
  register(account, ...Array.from({ length: 400 }, (_, index) => `t${index}`));
  account.before = ({ operation }) => {
    if (operation === "DescribeContainerInstances") {
      account.containers[0]?.tasks.pop();
    }
    if (operation === "ListTasks") {
      account.containers[0]?.tasks.splice(0);
    }
  };
  const { status, output } = await deregister({ DRAIN_SECONDS: "1" });
  expect(status).toBe(0);
  expect(output).toMatch(/waited for [12] s/);
});

test("a task that does not end is left behind after a bounded wait, and the output says where it stays", async () => {
  register(account, "a");
  account.before = ({ operation }) => {
    if (operation === "DescribeContainerInstances") {
      account.containers[0]?.tasks.splice(0, 1, taskArn("a"));
    }
  };
  const { status, output } = await deregister({ STALL_SECONDS: "1" });
  expect(status).toBe(0);
  expect(output).toContain(
    "1 task(s) have not ended: ECS forgets them, and their containers stay until the machine goes",
  );
  expect(registered(account)).toEqual({ managed: [], containers: [] });
});

test("an agent that has lost its connection is not waited for", async () => {
  register(account, "a");
  for (const instance of account.containers) {
    instance.connected = false;
  }
  const { status, output, took } = await deregister({ RECONNECT_SECONDS: "1" });
  expect(status).toBe(0);
  expect(output).toContain("the agent has not been connected for 1 s: it cannot end its 1 task(s)");
  expect(operations()).toContain("StopTask");
  expect(took).toBeLessThan(10_000);
  expect(registered(account)).toEqual({ managed: [], containers: [] });
});

test("an agent that reconnects during the drain is waited for again", async () => {
  register(account, "a");
  let looks = 0;
  account.before = ({ operation }) => {
    const instance = account.containers[0];
    if (operation === "DescribeContainerInstances" && instance !== undefined) {
      looks += 1;
      instance.connected = looks !== 2;
      instance.tasks = looks > 4 ? [] : instance.tasks;
    }
  };
  expect(await deregister({ RECONNECT_SECONDS: "2" })).toMatchObject({ status: 0 });
  expect(operations()).not.toContain("StopTask");
});

test.each(["DRAINING", "REGISTERING"] as const)(
  "a container instance that is %s is not told to drain",
  async (state) => {
    register(account);
    for (const instance of account.containers) {
      instance.status = state;
    }
    expect(await deregister()).toMatchObject({ status: 0 });
    expect(operations()).not.toContain("UpdateContainerInstancesState");
    expect(registered(account)).toEqual({ managed: [], containers: [] });
  },
);

describe.each(["deregistration", "guard"])("the %s finds a node", (PHASE) => {
  test.each([
    ["by its tag, when only Systems Manager knows it", { activationId: "another" }, false, {}],
    ["by its activation, when its tags never came or were changed", { tags: {} }, false, {}],
    ["by its attributes, when both miss it", { activationId: "another", tags: {} }, true, {}],
    [
      "whose activation a state of an earlier release does not know",
      { tags: {} },
      true,
      { ACTIVATION_ID: "" },
    ],
  ])("%s", async (_, marks, inEcs, overrides) => {
    account.managed.push({ ...managed("mi-1", node, activationId), ...marks });
    if (inEcs) {
      account.containers.push(container("mi-1", node));
    }
    registerOthers(account);
    expect(await deregister({ PHASE, ...overrides })).toMatchObject({ status: 0 });
    expect(registered(account)).toEqual({
      managed: ["mi-other0", "mi-other1", "mi-other2", "mi-other3"],
      containers: ["ciother0", "ciother1", "ciother2", "ciother3"],
    });
  });
});

test("a drain is given up after the time that the configuration says, unless the caller says another", async () => {
  const drain = async (overrides: Record<string, string>) => {
    account = emptyAccount();
    register(account, "a");
    return (await deregister({ DEFAULT_STALL_SECONDS: "2", ...overrides })).output;
  };
  expect(await drain({})).toMatch(/1 task\(s\) left, no progress for [2-9] s, waited/);
  expect(await drain({ STALL_SECONDS: "0" })).toContain("no progress for 0 s, waited");
  expect(await drain({ DEFAULT_DRAIN_SECONDS: "0" })).toContain("waited for 0 s");
  expect(await drain({ DEFAULT_DRAIN_SECONDS: "0", DRAIN_SECONDS: "9" })).toMatch(/no progress for [2-9] s/);
});

test("a node that only ECS knows leaves it", async () => {
  account.containers.push(container("mi-1", node));
  const { status, output } = await deregister();
  expect(status).toBe(0);
  expect(output).toContain("mi-1 has gone from Systems Manager already");
  expect(registered(account).containers).toEqual([]);
});

test("a container instance that the list returns by mistake is left alone", async () => {
  const other = container("mi-2", { ...node, site: "ams3" });
  account.containers.push(other);
  account.before = ({ operation }) => {
    Object.assign(other.attributes, {
      "anywhere.site": operation === "ListContainerInstances" ? "nyc3" : "ams3",
    });
  };
  expect(await deregister()).toMatchObject({ status: 0 });
  expect(other.status).toBe("ACTIVE");
});

test("a deleted cluster is told and does not keep the node in Systems Manager", async () => {
  register(account);
  account.clusterExists = false;
  const { status, output } = await deregister();
  expect(status).toBe(0);
  expect(output).toContain("the cluster shop does not exist any more");
  expect(registered(account).managed).toEqual([]);
});
