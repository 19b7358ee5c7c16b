import { describe, expect, test } from "@jest/globals";
import {
  activationId,
  addInstance,
  addMachine,
  machine,
  node,
  register,
  registered,
  registeredOthers,
  registerOthers,
  settings,
  taskArn,
  useNodeStage,
} from "../support/scripts/nodes";

const stage = useNodeStage();

const deregister = (overrides: Record<string, string> = {}) =>
  stage().runNodeScript("deregister.sh", settings(overrides));
/** Ends the newest task, as the machine does. */
const endTask = () => {
  const { tasks } = stage().world.aws;
  tasks.delete([...tasks.keys()].at(-1) ?? "");
};

test("an idle node is drained, then leaves ECS, then Systems Manager, in eight calls however large the cluster", async () => {
  register(stage().world);
  for (let index = 0; index < 300; index += 1) {
    addMachine(stage().world, 100 + index, { ...node, node: `x${index}` });
    addInstance(stage().world, 100 + index, { ...node, node: `x${index}` });
  }
  const { status, output } = await deregister();
  expect({ status, output }).toMatchObject({ status: 0 });
  expect(stage().calls).toEqual([
    "GetCallerIdentity",
    "DescribeInstanceInformation",
    "DescribeInstanceInformation",
    "ListContainerInstances",
    "DescribeContainerInstances",
    "UpdateContainerInstancesState",
    "DeregisterContainerInstance",
    "DeregisterManagedInstance",
  ]);
  expect(registered(stage().world).managed).toHaveLength(300);
  expect(registered(stage().world).containers).toHaveLength(300);
});

test("nodes of the same name elsewhere, with a longer name or of another generation stay registered", async () => {
  registerOthers(stage().world);
  register(stage().world);
  const { status } = await deregister();
  expect(status).toBe(0);
  expect(registered(stage().world)).toEqual(registeredOthers);
});

test("a node that isn't registered counts as success and costs four calls, for the guard too", async () => {
  registerOthers(stage().world);
  expect(await deregister()).toMatchObject({
    status: 0,
    output: expect.stringContaining("nothing is registered"),
  });
  expect(stage().calls).toHaveLength(4);
  stage().calls.length = 0;
  const guard = await deregister({ PHASE: "guard" });
  expect(guard).toMatchObject({
    status: 0,
    output: "anywhere: guard of nyc3/node-1: nothing is registered\n",
  });
  expect(stage().calls).toHaveLength(4);
  expect(registered(stage().world).managed).toHaveLength(4);
});

test("the guard removes a registration that is left", async () => {
  register(stage().world);
  expect(await deregister({ PHASE: "guard" })).toMatchObject({ status: 0 });
  expect(registered(stage().world)).toEqual({ managed: [], containers: [] });
});

test("tasks are waited for and reported before ECS forgets the node", async () => {
  register(stage().world, "a", "b");
  stage().before = (operation) => {
    const looks = stage().calls.filter((name) => name === "DescribeContainerInstances").length;
    if (operation === "DescribeContainerInstances" && looks > 2) {
      endTask();
    }
  };
  const { status, output } = await deregister();
  expect(status).toBe(0);
  expect(output).toMatch(
    /draining ci1, 2 task[^]*\n.*1 task[^]* left after[^]*\n.*0 task[^]* left after[^]*deregistered ci1 from ECS/,
  );
  expect(stage().calls).not.toContain("StopTask");
});

test("without progress the remaining tasks are stopped through ECS, and the output says so", async () => {
  register(stage().world, "a", "b");
  const { status, output } = await deregister({ STALL_SECONDS: "1" });
  expect(status).toBe(0);
  expect(output).toContain("2 task(s) left, no progress for 1 s");
  expect(output).toContain("stopping task a, which still runs after the drain");
  const stops = stage().world.journal.filter(({ name }) => name === "StopTask");
  expect(stops.map(({ detail }) => detail)).toEqual(
    ["a", "b"].map((id) => ({
      cluster: "shop",
      task: taskArn(id),
      reason: "Node nyc3/node-1 is deregistered",
    })),
  );
  expect(stage().calls.lastIndexOf("StopTask")).toBeLessThan(
    stage().calls.indexOf("DeregisterContainerInstance"),
  );
});

test("a drain that takes too long is cut off even if it makes progress", async () => {
  register(stage().world, ...Array.from({ length: 400 }, (_, index) => `t${index}`));
  stage().before = (operation) => {
    if (operation === "DescribeContainerInstances") {
      endTask();
    }
    if (operation === "ListTasks") {
      stage().world.aws.tasks.clear();
    }
  };
  const { status, output } = await deregister({ DRAIN_SECONDS: "1" });
  expect(status).toBe(0);
  expect(output).toMatch(/waited for [12] s/);
});

test("a task that does not end is left behind after a bounded wait, and the output says where it stays", async () => {
  register(stage().world, "a");
  stage().tasksEnd = false;
  const { status, output } = await deregister({ STALL_SECONDS: "1" });
  expect(status).toBe(0);
  expect(output).toContain(
    "1 task(s) have not ended: ECS forgets them, and their containers stay until the machine goes",
  );
  expect(registered(stage().world)).toEqual({ managed: [], containers: [] });
});

test("an agent that has lost its connection is not waited for", async () => {
  register(stage().world, "a").lastPollAt = 0;
  const { status, output, took } = await deregister({ RECONNECT_SECONDS: "1" });
  expect(status).toBe(0);
  expect(output).toContain("the agent has not been connected for 1 s: it cannot stop its 1 task(s)");
  expect(stage().calls).toContain("StopTask");
  expect(took).toBeLessThan(10_000);
  expect(registered(stage().world)).toEqual({ managed: [], containers: [] });
});

test("an agent that reconnects during the drain is waited for again", async () => {
  const instance = register(stage().world, "a");
  let looks = 0;
  stage().before = (operation) => {
    if (operation === "DescribeContainerInstances") {
      looks += 1;
      instance.lastPollAt = looks === 2 ? 0 : Date.now();
      if (looks > 4) {
        endTask();
      }
    }
  };
  expect(await deregister({ RECONNECT_SECONDS: "20" })).toMatchObject({ status: 0 });
  expect(stage().calls).not.toContain("StopTask");
});

test.each(["DRAINING", "REGISTERING"] as const)(
  "a container instance that is %s is not told to drain",
  async (state) => {
    register(stage().world).status = state;
    expect(await deregister()).toMatchObject({ status: 0 });
    expect(stage().calls).not.toContain("UpdateContainerInstancesState");
    expect(registered(stage().world)).toEqual({ managed: [], containers: [] });
  },
);

describe.each(["deregistration", "guard"])("the %s finds a node", (PHASE) => {
  test.each([
    ["by its tag, when only Systems Manager knows it", { activationId: "another" }, false, {}],
    ["by its activation, when its tags never came or were changed", { tags: [] }, false, {}],
    ["by its attributes, when both miss it", { activationId: "another", tags: [] }, true, {}],
    [
      "whose activation a state of an earlier release does not know",
      { tags: [] },
      true,
      { ACTIVATION_ID: "" },
    ],
  ])("%s", async (_, marks, inEcs, overrides) => {
    addMachine(stage().world, 1, node, { activationId, ...marks });
    if (inEcs) {
      addInstance(stage().world, 1, node);
    }
    registerOthers(stage().world);
    expect(await deregister({ PHASE, ...overrides })).toMatchObject({ status: 0 });
    expect(registered(stage().world)).toEqual(registeredOthers);
  });
});

test("a drain is given up after the configured time, unless the caller sets another", async () => {
  const drain = async (overrides: Record<string, string>) => {
    register(stage().world, "a");
    return (await deregister({ DEFAULT_STALL_SECONDS: "2", ...overrides })).output;
  };
  expect(await drain({})).toMatch(/1 task\(s\) left, no progress for [2-9] s, waited/);
  expect(await drain({ STALL_SECONDS: "0" })).toContain("no progress for 0 s, waited");
  expect(await drain({ DEFAULT_DRAIN_SECONDS: "0" })).toContain("waited for 0 s");
  expect(await drain({ DEFAULT_DRAIN_SECONDS: "0", DRAIN_SECONDS: "9" })).toMatch(/no progress for [2-9] s/);
});

test("a node that only ECS knows is deregistered from it", async () => {
  addInstance(stage().world, 1, node);
  const { status, output } = await deregister();
  expect(status).toBe(0);
  expect(output).toContain(`${machine(1)} is already gone from Systems Manager`);
  expect(registered(stage().world).containers).toEqual([]);
});

test("a container instance that the list returns by mistake is left alone", async () => {
  const site = { name: "anywhere.site", value: "ams3" };
  const other = addInstance(stage().world, 2, node);
  other.attributes.splice(2, 1, site);
  stage().before = (operation) => {
    site.value = operation === "ListContainerInstances" ? "nyc3" : "ams3";
  };
  expect(await deregister()).toMatchObject({ status: 0 });
  expect(other.status).toBe("ACTIVE");
});

test("a deleted cluster is reported and doesn't keep the node in Systems Manager", async () => {
  register(stage().world);
  stage().world.aws.clusters.clear();
  const { status, output } = await deregister();
  expect(status).toBe(0);
  expect(output).toContain("the cluster shop no longer exists");
  expect(registered(stage().world).managed).toEqual([]);
});
