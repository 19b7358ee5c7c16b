import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "@jest/globals";
import { ApiError, emptyAccount, type AwsAccount } from "../support/aws-account";
import { CliError } from "../support/aws-cli";
import {
  activationId,
  container,
  managed,
  node,
  runNodeScript,
  settings,
  taskArn,
  type Running,
} from "../support/node-script";

let account: AwsAccount;

beforeEach(() => {
  account = emptyAccount();
});

const deregister = (overrides: Record<string, string> = {}, started?: (running: Running) => void) =>
  runNodeScript(account, "deregister.sh", settings(overrides), started);
const operations = () => account.calls.map(({ operation }) => operation);
const registered = () => ({
  managed: account.managed.map(({ id }) => id),
  containers: account.containers
    .filter(({ status }) => status !== "INACTIVE")
    .map(({ arn }) => arn.split("/")[2]),
});

/** Registers the node, with these tasks. */
function register(...tasks: string[]): void {
  account.managed.push(managed("mi-1", node, activationId));
  account.containers.push(container("mi-1", node, tasks.map(taskArn)));
}

function registerOthers(): void {
  const others = [
    { ...node, name: "shop2" },
    { ...node, site: "nyc31" },
    { ...node, node: "node-10" },
    { ...node, generation: "5f2b" },
  ];
  others.forEach((identity, index) => {
    account.managed.push(managed(`mi-other${index}`, identity));
    account.containers.push(container(`mi-other${index}`, identity));
  });
}

test("an idle node is drained, then leaves ECS, then Systems Manager, in seven calls however large the cluster", async () => {
  register();
  for (let index = 0; index < 300; index += 1) {
    account.managed.push(managed(`mi-x${index}`, { ...node, node: `x${index}` }));
    account.containers.push(container(`mi-x${index}`, { ...node, node: `x${index}` }));
  }
  const { status, output } = await deregister();
  expect({ status, output }).toMatchObject({ status: 0 });
  expect(operations()).toEqual([
    "GetCallerIdentity",
    "DescribeInstanceInformation",
    "ListContainerInstances",
    "DescribeContainerInstances",
    "UpdateContainerInstancesState",
    "DeregisterContainerInstance",
    "DeregisterManagedInstance",
  ]);
  expect(registered().managed).toHaveLength(300);
  expect(registered().containers).toHaveLength(300);
});

test("nodes of the same name elsewhere, of a longer name and of another generation keep their registration", async () => {
  registerOthers();
  register();
  const { status } = await deregister();
  expect(status).toBe(0);
  expect(registered()).toEqual({
    managed: ["mi-other0", "mi-other1", "mi-other2", "mi-other3"],
    containers: ["ciother0", "ciother1", "ciother2", "ciother3"],
  });
});

test("a node that is not registered is success, and costs four calls, three for the guard", async () => {
  registerOthers();
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
  expect(account.calls).toHaveLength(3);
  expect(registered().managed).toHaveLength(4);
});

test("the guard ends a registration that is left", async () => {
  register();
  expect(await deregister({ PHASE: "guard" })).toMatchObject({ status: 0 });
  expect(registered()).toEqual({ managed: [], containers: [] });
});

test("tasks are waited for and told of before ECS forgets the node", async () => {
  register("a", "b");
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
  register("a", "b");
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
  register(...Array.from({ length: 400 }, (_, index) => `t${index}`));
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
  register("a");
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
  expect(registered()).toEqual({ managed: [], containers: [] });
});

test("an agent that has lost its connection is not waited for", async () => {
  register("a");
  for (const instance of account.containers) {
    instance.connected = false;
  }
  const { status, output, took } = await deregister({ RECONNECT_SECONDS: "1" });
  expect(status).toBe(0);
  expect(output).toContain("the agent has not been connected for 1 s: it cannot end its 1 task(s)");
  expect(operations()).toContain("StopTask");
  expect(took).toBeLessThan(10_000);
  expect(registered()).toEqual({ managed: [], containers: [] });
});

test("an agent that reconnects during the drain is waited for again", async () => {
  register("a");
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
    register();
    for (const instance of account.containers) {
      instance.status = state;
    }
    expect(await deregister()).toMatchObject({ status: 0 });
    expect(operations()).not.toContain("UpdateContainerInstancesState");
    expect(registered()).toEqual({ managed: [], containers: [] });
  },
);

test("a node that only Systems Manager knows is found by its tag", async () => {
  account.managed.push(managed("mi-1", node, "another activation"));
  expect(await deregister()).toMatchObject({ status: 0 });
  expect(registered().managed).toEqual([]);
});

test("a node whose tags were changed is found by its activation", async () => {
  account.managed.push({ ...managed("mi-1", node, activationId), tags: {} });
  expect(await deregister()).toMatchObject({ status: 0 });
  expect(registered().managed).toEqual([]);
});

test("a node that Systems Manager's look-ups miss is found by its ECS attributes", async () => {
  account.managed.push({ ...managed("mi-1", node), tags: {} });
  account.containers.push(container("mi-1", node));
  expect(await deregister()).toMatchObject({ status: 0 });
  expect(registered()).toEqual({ managed: [], containers: [] });
});

test("a node that only ECS knows leaves it", async () => {
  account.containers.push(container("mi-1", node));
  const { status, output } = await deregister();
  expect(status).toBe(0);
  expect(output).toContain("mi-1 has gone from Systems Manager already");
  expect(registered().containers).toEqual([]);
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

test("credentials of another account change nothing and fail with both account ids", async () => {
  register();
  account.id = "999999999999";
  const { status, output } = await deregister();
  expect(status).toBe(1);
  expect(output).toContain(
    "wrong account: the credentials belong to account 999999999999, the node to 111122223333",
  );
  expect(operations()).toEqual(["GetCallerIdentity"]);
});

test("a deleted cluster is told and does not keep the node in Systems Manager", async () => {
  register();
  account.clusterExists = false;
  const { status, output } = await deregister();
  expect(status).toBe(0);
  expect(output).toContain("the cluster shop does not exist any more");
  expect(registered().managed).toEqual([]);
});

const failures: readonly (readonly [string, () => Error, string])[] = [
  [
    "access denied",
    () => new ApiError("AccessDeniedException", "not allowed"),
    "access denied. Allow the caller",
  ],
  ["expired", () => new ApiError("ExpiredTokenException", "The token is expired"), "no valid credentials"],
  ["no credentials", () => new CliError("Unable to locate credentials."), "no valid credentials"],
  ["throttled", () => new ApiError("ThrottlingException", "Rate exceeded"), "still throttled after 4 rounds"],
  ["server error", () => new ApiError("500", "Internal"), "AWS keeps failing. Wait a few minutes"],
  [
    "no endpoint",
    () => new CliError('Could not connect to the endpoint URL: "https://x/"'),
    "is unreachable. Check network",
  ],
  ["unknown", () => new ApiError("ValidationException", "odd"), "failed. Mend what the message says"],
];

test.each(failures)(
  "%s stops the deregistration where it happens, with a remedy",
  async (_, failure, remedy) => {
    register();
    account.before = ({ operation }) => {
      if (operation === "DeregisterContainerInstance") {
        throw failure();
      }
    };
    const { status, output } = await deregister();
    expect(status).toBe(1);
    expect(output).toContain(
      "anywhere: deregistration of nyc3/node-1: FAILED: ecs deregister-container-instance: ",
    );
    expect(output).toContain(remedy);
    expect(output).toContain(failure().message);
    expect(registered()).toEqual({ managed: ["mi-1"], containers: ["ci1"] });
  },
);

test.each([
  "GetCallerIdentity",
  "DescribeInstanceInformation",
  "ListContainerInstances",
  "DescribeContainerInstances",
  "UpdateContainerInstancesState",
  "ListTasks",
  "StopTask",
  "DeregisterManagedInstance",
])("access denied to %s never passes for success", async (denied) => {
  register("a");
  account.before = ({ operation }) => {
    if (operation === denied) {
      throw new ApiError("AccessDeniedException", "not allowed");
    }
  };
  const { status, output } = await deregister({ STALL_SECONDS: "0" });
  expect(status).toBe(1);
  expect(output.trimEnd().split("\n").at(-1)).toMatch(/FAILED: \S+ \S+: access denied. Allow the caller/);
  expect(registered().managed).toEqual(["mi-1"]);
  expect(operations().at(-1)).toBe(denied);
});

test("a burst of throttling, server errors and lost connections is ridden out", async () => {
  register();
  const burst: Error[] = failures.slice(3, 6).map(([, failure]) => failure());
  account.before = ({ operation }) => {
    const failure = operation === "DeregisterManagedInstance" ? burst.pop() : undefined;
    if (failure !== undefined) {
      throw failure;
    }
  };
  const { status, output } = await deregister();
  expect(status).toBe(0);
  expect(output).toContain("ssm deregister-managed-instance: throttled, trying again (3 of 3)");
  expect(registered().managed).toEqual([]);
});

test.each([5, 6, 7])("a node that goes by itself before call %d has gone with success", async (number) => {
  register("a");
  account.before = (_, current) => {
    if (current === number) {
      account.managed.length = 0;
      account.containers.length = 0;
    }
  };
  expect(await deregister()).toMatchObject({ status: 0 });
});

test.each([1, 2, 3, 4, 5, 6, 7])("killed at call %d, the next run completes it", async (number) => {
  register();
  registerOthers();
  const begun: Running[] = [];
  account.before = (_, current) => {
    if (current === number) {
      begun[0]?.kill();
    }
  };
  expect(await deregister({}, (running) => begun.push(running))).toMatchObject({ status: null });
  account.before = () => undefined;
  expect(await deregister()).toMatchObject({ status: 0 });
  expect(registered().managed).toEqual(["mi-other0", "mi-other1", "mi-other2", "mi-other3"]);
  expect(registered().containers).toHaveLength(4);
});

test("a missing setting is named before anything is called", async () => {
  const { status, output } = await deregister({ ACCOUNT: "" });
  expect(status).toBe(1);
  expect(output).toContain("FAILED: ACCOUNT is not set");
  expect(account.calls).toEqual([]);
});

test("a missing AWS CLI is named with what to install", async () => {
  const bin = mkdtempSync(join(tmpdir(), "bin-"));
  symlinkSync(execFileSync("bash", ["-c", 'printf %s "${BASH}"']).toString(), join(bin, "bash"));
  const { status, output } = await deregister({ PATH: bin });
  rmSync(bin, { recursive: true });
  expect(status).toBe(1);
  expect(output).toContain("the AWS CLI (`aws`) is not on PATH. Install version 2");
});
