import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "@jest/globals";
import { ApiError, emptyAccount, type AwsAccount } from "../support/aws-account";
import { CliError } from "../support/aws-cli";
import { runNodeScript, settings, type Running } from "../support/node-script";
import { register, registered, registerOthers } from "../support/registrations";

let account: AwsAccount;

beforeEach(() => {
  account = emptyAccount();
});

const deregister = (overrides: Record<string, string> = {}, started?: (running: Running) => void) =>
  runNodeScript(account, "deregister.sh", settings(overrides), started);
const operations = () => account.calls.map(({ operation }) => operation);

test("credentials of another account change nothing and fail with both account ids", async () => {
  register(account);
  account.id = "999999999999";
  const { status, output } = await deregister();
  expect(status).toBe(1);
  expect(output).toContain(
    "wrong account: the credentials belong to account 999999999999, the deployment to 111122223333",
  );
  expect(operations()).toEqual(["GetCallerIdentity"]);
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
    register(account);
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
    expect(registered(account)).toEqual({ managed: ["mi-1"], containers: ["ci1"] });
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
  register(account, "a");
  account.before = ({ operation }) => {
    if (operation === denied) {
      throw new ApiError("AccessDeniedException", "not allowed");
    }
  };
  const { status, output } = await deregister({ STALL_SECONDS: "0" });
  expect(status).toBe(1);
  expect(output.trimEnd().split("\n").at(-1)).toMatch(/FAILED: \S+ \S+: access denied. Allow the caller/);
  expect(registered(account).managed).toEqual(["mi-1"]);
  expect(operations().at(-1)).toBe(denied);
});

test("a burst of throttling, server errors and lost connections is ridden out", async () => {
  register(account);
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
  expect(registered(account).managed).toEqual([]);
});

test.each([6, 7, 8])("a node that goes by itself before call %d has gone with success", async (number) => {
  register(account, "a");
  account.before = (_, current) => {
    if (current === number) {
      account.managed.length = 0;
      account.containers.length = 0;
    }
  };
  expect(await deregister()).toMatchObject({ status: 0 });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])("killed at call %d, the next run completes it", async (number) => {
  register(account);
  registerOthers(account);
  const begun: Running[] = [];
  account.before = (_, current) => {
    if (current === number) {
      begun[0]?.kill();
    }
  };
  expect(await deregister({}, (running) => begun.push(running))).toMatchObject({ status: null });
  account.before = () => undefined;
  expect(await deregister()).toMatchObject({ status: 0 });
  expect(registered(account).managed).toEqual(["mi-other0", "mi-other1", "mi-other2", "mi-other3"]);
  expect(registered(account).containers).toHaveLength(4);
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
