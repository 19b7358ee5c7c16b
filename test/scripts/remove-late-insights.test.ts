import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { createWorld } from "../../local-cloud/world";
import { startAwsStages, type AwsStage, type AwsStages } from "../support/scripts/cloud";
import { anotherAccount, denied, failCalls } from "../support/scripts/failures";

const group = "/aws/ecs/containerinsights/shop/performance";
const account = "111122223333";
const region = "us-east-1";

let stages: AwsStages;
let stage: AwsStage;

beforeAll(async () => {
  stages = await startAwsStages();
}, 600_000);

beforeEach(async () => {
  await stages.emptyMoto();
  stage = await stages.open(createWorld(account), { region });
  await makeGroup(`${group}-2`);
  await makeGroup("/ecs/shop-2");
});

afterEach(() => stage.close());
afterAll(() => stages.close());

const logs = <Output>(operation: string, input: object) =>
  stage.moto.json<Output>("logs", region, `Logs_20140328.${operation}`, input);
const makeGroup = (logGroupName: string) => logs("CreateLogGroup", { logGroupName });
const groups = async () => {
  const { logGroups } = await logs<{ logGroups: { logGroupName: string }[] }>("DescribeLogGroups", {});
  return logGroups.map(({ logGroupName }) => logGroupName);
};

const run = (overrides: Readonly<Record<string, string>> = {}) =>
  stage.run("constructs/aws/remove-late-insights.sh", {
    LOG_GROUP: group,
    AWS_REGION: region,
    ACCOUNT: account,
    AWS_LIBRARY: "constructs/script/aws/aws.sh",
    LATE_INSIGHTS_SECONDS: "0",
    POLL_SECONDS: "0.05",
    RETRY_SECONDS: "0.01",
    ...overrides,
  });
const calls = (operation: string) => stage.calls.filter((call) => call === operation);

/** Makes the group at these looks at it. */
const makeAgainAt = (...looks: readonly number[]) => {
  stage.before = (operation) =>
    operation === "DescribeLogGroups" && looks.includes(calls(operation).length)
      ? makeGroup(group)
      : undefined;
};

test("only the log group is removed, as often as late data recreates it", async () => {
  makeAgainAt(2, 3);
  const { status, output } = await run({ LATE_INSIGHTS_SECONDS: "3" });
  expect({ status, output }).toMatchObject({ status: 0 });
  expect(output.match(/removed the group/g)).toHaveLength(2);
  expect(await groups()).toEqual([`${group}-2`, "/ecs/shop-2"]);
});

test("without late data, the script ends after its time and removes nothing", async () => {
  expect(await run({ LATE_INSIGHTS_SECONDS: "2" })).toMatchObject({ status: 0 });
  expect(calls("DescribeLogGroups").length).toBeGreaterThan(1);
  expect(calls("DeleteLogGroup")).toEqual([]);
});

test("a log group that somebody else removes meanwhile counts as success", async () => {
  await makeGroup(group);
  stage.before = (operation) =>
    operation === "DeleteLogGroup" ? logs("DeleteLogGroup", { logGroupName: group }) : undefined;
  const { status, output } = await run();
  expect(status).toBe(0);
  expect(output).not.toContain("removed");
});

test("another account and a missing permission fail, and say why", async () => {
  await makeGroup(group);
  expect(await run(anotherAccount)).toMatchObject({
    status: 1,
    output: expect.stringContaining("wrong account"),
  });
  failCalls(stage.world, ["logs", "DeleteLogGroup"], denied);
  expect(await run()).toMatchObject({
    status: 1,
    output: expect.stringContaining("logs delete-log-group: access denied. Allow the caller this action"),
  });
  expect(await groups()).toContain(group);
});
