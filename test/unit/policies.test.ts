import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import type { LocalCloud } from "../../local-cloud/start";
import { roles, statementsOf, type Role } from "../../cli/permissions/policies";
import recorded from "../support/permissions/recorded.json";
import { allowedTo, stopPermitted } from "../support/permissions/roles";
import { uncalled } from "../support/permissions/uncalled";

const all = Object.keys(roles) as Role[];
const records: readonly Partial<Record<Role, readonly string[]>>[] = Object.values(recorded);
const fileOf = (role: Role) => readFileSync(`docs/policies/${role}.json`, "utf8");

test("docs/policies holds the policy of each role, as `npm run docs` writes it", () => {
  expect(readdirSync("docs/policies").sort()).toEqual(all.map((role) => `${role}.json`));
  for (const role of all) {
    expect(JSON.parse(fileOf(role))).toEqual({ Version: "2012-10-17", Statement: statementsOf(role) });
  }
});

test.each(all)(
  "the %s may make exactly the calls that life cycles make, and those with a stated reason",
  (role) => {
    const called = records.flatMap((record) => record[role] ?? []);
    const reasoned = uncalled.filter((one) => one.role === role).flatMap(({ actions }) => actions.split(" "));
    expect(reasoned.filter((action) => called.includes(action))).toEqual([]);
    const allowed = allowedTo(role).filter((action) => action !== "iam:PassRole");
    expect(allowed).toEqual([...new Set([...called, ...reasoned])].sort());
  },
);

/** Those that AWS knows no resource for. Source: Service Authorization Reference. */
const withoutResource = [
  ...["ecr:GetAuthorizationToken", "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition"],
  // By the cluster's condition.
  "ecs:ListTasks",
  ...["ecs:RegisterTaskDefinition", "logs:DescribeLogGroups"],
  ...["sns:GetSubscriptionAttributes", "sns:Unsubscribe"],
  // Its policies know no activation.
  ...["ssm:AddTagsToResource", "ssm:CreateActivation", "ssm:DeleteActivation", "ssm:DescribeActivations"],
  ...["ssm:DescribeInstanceInformation", "ssm:ListTagsForResource"],
  ...["states:ValidateStateMachineDefinition", "sts:GetCallerIdentity"],
];

test("every action that can be limited to resources is allowed only on this deployment's", () => {
  const statements = all.flatMap((role) => statementsOf(role));
  const open = statements.filter(({ Resource }) => Resource === "*").flatMap(({ Action }) => Action);
  expect([...new Set(open)].sort()).toEqual(withoutResource);
  const scoped = statements.flatMap(({ Resource = [] }) => Resource).filter((arn) => arn !== "*");
  const unnamed = scoped.filter((arn) => !arn.includes("<name>") && arn !== "arn:aws:s3:::<bucket>");
  expect([...new Set(unnamed)].sort()).toEqual([
    // Of AWS's own; the caller's; and nodes, whose tags may come late.
    "arn:aws:iam::<account>:role/*",
    "arn:aws:iam::<account>:role/aws-service-role/ecs.amazonaws.com/*",
    "arn:aws:iam::<account>:user/*",
    "arn:aws:ssm:<region>:<account>:managed-instance/*",
  ]);
});

test("a role of the deployment may be passed only to the service that it is made for", () => {
  const passed = (role: Role) =>
    statementsOf(role)
      .filter(({ Action }) => Action.includes("iam:PassRole"))
      .map(({ Resource, Condition }) => [Resource, Condition?.["StringEquals"]?.["iam:PassedToService"]]);
  const name = "arn:aws:iam::<account>:role/<name>";
  const tasks = [[`${name}--*--execution`, `${name}--*--task`], "ecs-tasks.amazonaws.com"];
  expect(passed("deployer")).toEqual([
    [`${name}--node`, "ssm.amazonaws.com"],
    tasks,
    [`${name}--*--scheduler`, "scheduler.amazonaws.com"],
    [`${name}--alert--checks`, "states.amazonaws.com"],
    [`${name}--alert--events`, "events.amazonaws.com"],
  ]);
  expect(passed("operator")).toEqual([tasks]);
  expect([passed("destroyer"), passed("pipeline")]).toEqual([[], []]);
});

test("a pipeline that plans changes nothing but the locks of states", () => {
  const changing = statementsOf("pipeline").flatMap(({ Action, Resource }) =>
    [Action]
      .flat()
      .filter((action) => !/:(Describe|Get|List|Validate)/.test(action))
      .map((action) => [action, Resource]),
  );
  const locks = "arn:aws:s3:::<bucket>/<name>--*.tfstate.tflock";
  expect(changing).toEqual([
    ["s3:DeleteObject", locks],
    ["s3:PutObject", locks],
  ]);
});

test("each policy fits into a role, whose own may have 10,240 characters without whitespace", () => {
  for (const role of all) {
    expect(JSON.stringify(JSON.parse(fileOf(role))).length).toBeLessThan(9_500);
  }
});

test("a life cycle fails if it makes a call that a policy lacks, or no longer makes a recorded one", async () => {
  const stopped = (lifeCycle: string, principal: string, service: string, name: string) => {
    const journal = () => Promise.resolve([{ principal, service, name }]);
    return stopPermitted(
      { admin: { journal }, stop: () => Promise.resolve() } as unknown as LocalCloud,
      lifeCycle,
    );
  };
  await expect(stopped("other", "operator", "ecs", "DeleteCluster")).rejects.toThrow(
    "other differs from cli/permissions/grants.ts: the operator's policy lacks ecs:DeleteCluster",
  );
  await expect(stopped("environments", "pipeline", "s3", "HeadObject")).rejects.toThrow(
    "the pipeline of the record calls cloudwatch:DescribeAlarms",
  );
  await expect(stopped("other", "pipeline", "monitoring", "GetDashboard")).resolves.toBeUndefined();
  await expect(stopped("other", "somebody", "ec2", "RunInstances")).resolves.toBeUndefined();
});
