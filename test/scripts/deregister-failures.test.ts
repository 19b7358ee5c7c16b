import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import type { Fault } from "../../local-cloud/faults";
import { anotherAccount, denied, failCalls } from "../support/scripts/failures";
import {
  machine,
  register,
  registered,
  registeredOthers,
  registerOthers,
  settings,
  useNodeStage,
} from "../support/scripts/nodes";
import type { Running } from "../support/scripts/run";

const stage = useNodeStage();

const deregister = (overrides: Record<string, string> = {}, started?: (running: Running) => void) =>
  stage().runNodeScript("deregister.sh", settings(overrides), started);

test("credentials of another account change nothing and fail with both account ids", async () => {
  register(stage().world);
  const { status, output } = await deregister(anotherAccount);
  expect(status).toBe(1);
  expect(output).toContain(
    "wrong account: the credentials belong to account 999999999999, the deployment to 111122223333",
  );
  expect(stage().calls).toEqual(["GetCallerIdentity"]);
});

/** Lets the deregistration from ECS fail with this error. */
const fails =
  (code: string, message: string, status = 400) =>
  () => {
    failCalls(stage().world, ["ecs", "DeregisterContainerInstance"], { code, message, status });
  };

/** Does something once the call before the deregistration from ECS has come. */
const beforeIt = (act: () => void) => () => {
  stage().before = (operation) => {
    if (operation === "UpdateContainerInstancesState") {
      act();
    }
  };
};

const failures: readonly (readonly [string, () => void, string, string])[] = [
  [
    "access denied",
    fails("AccessDeniedException", "not allowed"),
    "not allowed",
    "access denied. Allow the caller",
  ],
  [
    "expired",
    fails("ExpiredTokenException", "The token is expired"),
    "The token is expired",
    "no valid credentials",
  ],
  [
    "no credentials",
    beforeIt(() => {
      rmSync(stage().credentials);
    }),
    "Unable to locate credentials",
    "no valid credentials",
  ],
  [
    "throttled",
    fails("ThrottlingException", "Rate exceeded"),
    "Rate exceeded",
    "still throttled after 4 rounds",
  ],
  [
    "server error",
    fails("InternalServerError", "Internal", 500),
    "Internal",
    "AWS keeps failing. Wait a few minutes",
  ],
  [
    "no endpoint",
    beforeIt(() => {
      stage().hangUp();
    }),
    'Could not connect to the endpoint URL: "http://127.0.0.1',
    "is unreachable. Check network",
  ],
  ["unknown", fails("ValidationException", "odd"), "odd", "failed. Fix the problem in the message"],
];

test.each(failures)(
  "an error (%s) stops the deregistration where it happens, with a remedy",
  async (_, arrange, said, remedy) => {
    register(stage().world);
    arrange();
    const { status, output } = await deregister();
    expect(status).toBe(1);
    expect(output).toContain(
      "anywhere: deregistration of nyc3/node-1: FAILED: ecs deregister-container-instance: ",
    );
    expect(output).toContain(remedy);
    expect(output).toContain(said);
    expect(registered(stage().world)).toEqual({ managed: [machine(1)], containers: ["ci1"] });
  },
);

test.each<[string, Fault["match"]["service"]]>([
  ["GetCallerIdentity", "sts"],
  ["DescribeInstanceInformation", "ssm"],
  ["ListContainerInstances", "ecs"],
  ["DescribeContainerInstances", "ecs"],
  ["UpdateContainerInstancesState", "ecs"],
  ["ListTasks", "ecs"],
  ["StopTask", "ecs"],
  ["DeregisterManagedInstance", "ssm"],
])("access denied to %s never passes for success", async (operation, service) => {
  register(stage().world, "a");
  failCalls(stage().world, [service, operation], denied);
  const { status, output } = await deregister({ STALL_SECONDS: "0" });
  expect(status).toBe(1);
  expect(output.trimEnd().split("\n").at(-1)).toMatch(/FAILED: \S+ \S+: access denied. Allow the caller/);
  expect(registered(stage().world).managed).toEqual([machine(1)]);
  expect(stage().calls.at(-1)).toBe(operation);
});

test("a burst of throttling, server errors and lost connections is ridden out", async () => {
  const { world } = stage();
  register(world);
  const call = ["ssm", "DeregisterManagedInstance"] as const;
  failCalls(world, call, { code: "ServiceUnavailable", status: 503, times: 1 });
  failCalls(world, call, { code: "ThrottlingException", times: 1 });
  world.faults.push({
    match: { service: "ssm", operation: "DeregisterManagedInstance" },
    times: 1,
    effect: { kind: "lost-answer" },
  });
  const { status, output } = await deregister();
  expect(status).toBe(0);
  expect(output).toContain("ssm deregister-managed-instance: server-error, trying again (1 of 3)");
  expect(output).toContain("ssm deregister-managed-instance: throttled, trying again (2 of 3)");
  expect(output).toContain("ssm deregister-managed-instance: unreachable, trying again (3 of 3)");
  expect(registered(world).managed).toEqual([]);
});

test.each([6, 7, 8])("a node that goes by itself before call %d counts as success", async (number) => {
  register(stage().world, "a");
  stage().before = (_, current) => {
    if (current === number) {
      stage().world.aws.managedInstances.clear();
      stage().world.aws.containerInstances.clear();
    }
  };
  expect(await deregister()).toMatchObject({ status: 0 });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "a deregistration that is killed at call %d is completed by the next run",
  async (number) => {
    register(stage().world);
    registerOthers(stage().world);
    const begun: Running[] = [];
    stage().before = (_, current) => {
      if (current === number) {
        begun[0]?.kill();
      }
    };
    expect(await deregister({}, (running) => begun.push(running))).toMatchObject({ status: null });
    stage().before = () => undefined;
    expect(await deregister()).toMatchObject({ status: 0 });
    expect(registered(stage().world)).toEqual(registeredOthers);
  },
);

test("a missing setting is named before anything is called", async () => {
  const { status, output } = await deregister({ ACCOUNT: "" });
  expect(status).toBe(1);
  expect(output).toContain("FAILED: ACCOUNT is not set");
  expect(stage().calls).toEqual([]);
});

test("a missing AWS CLI is named with what to install", async () => {
  const bin = mkdtempSync(join(tmpdir(), "bin-"));
  symlinkSync(execFileSync("bash", ["-c", 'printf %s "${BASH}"']).toString(), join(bin, "bash"));
  const { status, output } = await deregister({ PATH: bin });
  rmSync(bin, { recursive: true });
  expect(status).toBe(1);
  expect(output).toContain(
    "the AWS CLI (`aws`) is not on PATH, and can't be obtained: no Python 3.9 or later",
  );
});
