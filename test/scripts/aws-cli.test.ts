import { expect, test } from "@jest/globals";
import { denied, failCalls } from "../support/scripts/failures";
import {
  activationId,
  addActivation,
  addInstance,
  addMachine,
  machine,
  node,
  settings,
  useNodeStage,
} from "../support/scripts/nodes";

// Behaviour that only the real AWS CLI can prove: its own paging, queries and words.
const stage = useNodeStage({ pageSize: 1, emptyPages: true });

const run = (script: "await.sh" | "deregister.sh", overrides: Record<string, string> = {}) =>
  stage().runNodeScript(script, settings(overrides));

test("the gate and the deregistration read all of the real CLI's pages, even after empty ones", async () => {
  const { world, calls } = stage();
  const elsewhere = { ...node, site: "ams3" };
  addMachine(world, 1, node, { activationId, lastPingAt: 0 });
  // Found by its attributes alone.
  addMachine(world, 2, node, { tags: [] });
  addMachine(world, 3, elsewhere);
  addInstance(world, 1, node);
  addInstance(world, 2, node, { tasks: ["a", "b"] });
  addInstance(world, 3, elsewhere);
  const gate = await run("await.sh", { TIMEOUT_SECONDS: "20" });
  expect(gate).toMatchObject({
    status: 0,
    output: expect.stringContaining(`${machine(2)} is Online, ci2`),
  });
  // An empty page, and one for each of the two.
  expect(calls.filter((operation) => operation === "ListContainerInstances")).toHaveLength(3);

  const deregistration = await run("deregister.sh", { STALL_SECONDS: "0" });
  expect(deregistration).toMatchObject({
    status: 0,
    output: expect.stringContaining(`deregistered ${machine(2)} from Systems Manager`),
  });
  expect([...world.aws.managedInstances.keys()]).toEqual([machine(3)]);
  expect([...world.aws.containerInstances.values()].map(({ status }) => status)).toEqual([
    "INACTIVE",
    "INACTIVE",
    "ACTIVE",
  ]);
  expect(calls.filter((operation) => operation === "StopTask")).toHaveLength(2);
  expect(calls).toContain("DeregisterManagedInstance");
});

test("the real CLI's answer for an expired activation leads to the remedy", async () => {
  addActivation(stage().world, { expired: true, used: false });
  const { status, output } = await run("await.sh", { TIMEOUT_SECONDS: "0" });
  expect(status).toBe(1);
  expect(output).toContain(`the activation ${activationId} expired before the machine used it`);
});

test("the real CLI's message for a denied call is understood", async () => {
  failCalls(stage().world, ["ssm", "DescribeInstanceInformation"], denied);
  const { status, output } = await run("deregister.sh");
  expect(status).toBe(1);
  expect(output).toContain("FAILED: ssm describe-instance-information: access denied");
});

test("the real CLI's message for missing credentials is understood", async () => {
  const { status, output } = await run("deregister.sh", { AWS_SHARED_CREDENTIALS_FILE: "/dev/null" });
  expect(status).toBe(1);
  expect(output).toContain("no valid credentials");
});

test("the real CLI's message for an unreachable endpoint is understood", async () => {
  stage().hangUp();
  const { status, output } = await run("deregister.sh");
  expect(status).toBe(1);
  expect(output).toContain("is unreachable. Check network, proxy and region");
});
