import { beforeEach, expect, test } from "@jest/globals";
import { ApiError, emptyAccount, type AwsAccount } from "../support/aws-account";
import { runWithAws } from "../support/node-script";

const group = "/aws/ecs/containerinsights/shop/performance";

let account: AwsAccount;

beforeEach(() => {
  account = emptyAccount();
  account.logGroups = [`${group}-2`, "/ecs/shop-2"];
});

const run = (overrides: Readonly<Record<string, string>> = {}) =>
  runWithAws(account, "constructs/aws/remove-late-insights.sh", {
    LOG_GROUP: group,
    AWS_REGION: "us-east-1",
    ACCOUNT: account.id,
    AWS_LIBRARY: "constructs/script/aws.sh",
    LATE_INSIGHTS_SECONDS: "0",
    POLL_SECONDS: "0.05",
    RETRY_SECONDS: "0.01",
    ...overrides,
  });
const calls = (operation: string) => account.calls.filter((call) => call.operation === operation);

/** Makes the group at these looks at it. */
const makeAgainAt = (...looks: readonly number[]) => {
  account.before = ({ operation }) => {
    if (operation === "DescribeLogGroups" && looks.includes(calls(operation).length)) {
      account.logGroups.push(group);
    }
  };
};

test("the log group is removed as often as late data makes it again, and no other", async () => {
  makeAgainAt(2, 3);
  const { status, output } = await run({ LATE_INSIGHTS_SECONDS: "3" });
  expect({ status, output }).toMatchObject({ status: 0 });
  expect(output.match(/removed the group/g)).toHaveLength(2);
  expect(account.logGroups).toEqual([`${group}-2`, "/ecs/shop-2"]);
});

test("without late data it ends after its time, and has removed nothing", async () => {
  expect(await run({ LATE_INSIGHTS_SECONDS: "2" })).toMatchObject({ status: 0 });
  expect(calls("DescribeLogGroups").length).toBeGreaterThan(1);
  expect(calls("DeleteLogGroup")).toEqual([]);
});

test("a group that somebody else removes meanwhile is success", async () => {
  account.logGroups.push(group);
  account.before = ({ operation }) => {
    if (operation === "DeleteLogGroup") {
      account.logGroups = [];
    }
  };
  const { status, output } = await run();
  expect(status).toBe(0);
  expect(output).not.toContain("removed");
});

test("another account and a missing permission fail, and say why", async () => {
  account.logGroups.push(group);
  expect(await run({ ACCOUNT: "999999999999" })).toMatchObject({
    status: 1,
    output: expect.stringContaining("wrong account"),
  });
  account.before = ({ operation }) => {
    if (operation === "DeleteLogGroup") {
      throw new ApiError("AccessDeniedException", "no");
    }
  };
  expect(await run()).toMatchObject({
    status: 1,
    output: expect.stringContaining("logs delete-log-group: access denied. Allow the caller this action"),
  });
  expect(account.logGroups).toContain(group);
});
