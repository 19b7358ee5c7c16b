import { expect, test } from "@jest/globals";
import { namesOf, nodesWith } from "../../config/names";
import { parseExpression, type Subject } from "../../local-cloud/aws/ecs/expression";

const subject: Subject = {
  attributes: [
    { name: "anywhere.site", value: "ams3" },
    { name: "anywhere.node", value: "node-1" },
    { name: "gpu" },
    { name: "generation", value: "12e456789012" },
    { name: "hash", value: "0123" },
    { name: "zone", value: "1a" },
  ],
  agentConnected: true,
  agentVersion: "1.90.0",
  runningTasksCount: 2,
  registeredAt: Date.UTC(2026, 0, 31, 12),
};

test.each([
  ["attribute:anywhere.site == ams3", true],
  ["attribute:anywhere.site == ams", false],
  ["attribute:anywhere.site==ams3", true],
  ["attribute:anywhere.site != ams3", false],
  ["attribute:absent != ams3", true],
  ["attribute:absent == ams3", false],
  ["attribute:anywhere.site =~ ams.*", true],
  ["attribute:anywhere.site =~ ms.*", false],
  ["attribute:anywhere.site in [fra1, ams3]", true],
  ["attribute:anywhere.site not_in [fra1, ams3]", false],
  ["attribute:gpu exists", true],
  ["attribute:gpu !exists", false],
  ["attribute:absent not_exists", true],
  ["agentConnected == true", true],
  ["agentConnected == false", false],
  ["runningTasksCount >= 2", true],
  ["runningTasksCount < 2", false],
  ["registeredAt >= 2026-01-31T12:00:00Z", true],
  ["registeredAt > 2026-01-31T12:00:00+00:00", false],
  ["registeredAt < 2026-01-31T14:00:00+03:00", false],
  ["registeredAt >= 2026-01-31T12:00:01", false],
  ["registeredAt >= 2026-01-31", true],
  ["attribute:anywhere.site == ams3 and attribute:anywhere.node == node-2", false],
  ["attribute:anywhere.site == fra1 or attribute:anywhere.node == node-1", true],
  ["attribute:absent exists and attribute:absent exists or agentConnected == true", true],
  ["attribute:absent exists and (attribute:absent exists or agentConnected == true)", false],
  ["not(attribute:anywhere.site == fra1) && !(agentConnected == false)", true],
  ["attribute:anywhere.site == 'ams3'", true],
  ["attribute:generation == 12e456789012", false],
  ["attribute:generation == '12e456789012'", true],
  ["attribute:hash == 0123", false],
  ["attribute:hash in [0123, '0123']", true],
  ["attribute:zone == 1a", true],
  ["agentVersion == 1.90.0", true],
])("the expression %s is %s of an instance", (expression, expected) => {
  expect(parseExpression(expression)(subject)).toBe(expected);
});

test.each([
  "",
  "nonsense",
  "attribute:anywhere.site",
  "attribute:anywhere.site ==",
  "attribute:anywhere.site = ams3",
  "attribute:anywhere.site == ams3 attribute:b == c",
  "(attribute:anywhere.site == ams3",
  "attribute:anywhere.site in ams3",
  "ec2InstanceId in [mi-1]",
  "runningTasksCount == many",
  "attribute:a =~ [",
])("the expression '%s' is refused", (expression) => {
  expect(() => parseExpression(expression)).toThrow(
    expect.objectContaining({
      code: "InvalidParameterException",
      message: `Invalid expression: ${expression}`,
    }),
  );
});

const names = namesOf({
  name: "shop",
  aws: { region: "eu-west-1", accountId: "123456789012", nodePolicy: "scoped" },
});

/** Whether a task that wants this version may run on a node that has another. */
const mayRun = (wanted: string, version: string) =>
  parseExpression(nodesWith(names, "ams3", { version: wanted }))({
    ...subject,
    attributes: [
      { name: "anywhere.deployment", value: "shop" },
      { name: "anywhere.site", value: "ams3" },
      { name: "version", value: version },
    ],
  });

test.each([
  "12",
  "12.0",
  "012",
  "1e3",
  "0x10",
  ".5",
  "-1",
  "2026-01-31",
  "10.0.0.1",
  "@home",
  "a4000",
  "v12.0",
])("a task that wants the attribute value %s runs on nodes with exactly that text", (value) => {
  expect([mayRun(value, value), mayRun(value, `${value}0`), mayRun(value, String(Number(value)))]).toEqual([
    true,
    false,
    String(Number(value)) === value,
  ]);
});
