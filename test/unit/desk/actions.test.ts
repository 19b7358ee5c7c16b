import { expect, test } from "@jest/globals";
import { parseConfig } from "../../../config/load";
import { actionsOf } from "../../../cli/doctor/actions";
import { oneSite, threeSites } from "../../support/synthesis/environments";

/** The provider's calls for some kinds of resources that their names don't suggest. */
const unexpected = [
  // An attribute or a tag that is read.
  ...["sns:GetSubscriptionAttributes", "sqs:ListQueueTags", "sqs:TagQueue"],
  ...["ecr:PutLifecyclePolicy", "ecr:GetLifecyclePolicy", "ecr:DeleteLifecyclePolicy"],
  ...["iam:ListInstanceProfilesForRole", "iam:UpdateAssumeRolePolicy", "ssm:ListTagsForResource"],
];

test("doctor asks once for every action that Terraform's provider needs for a deployment", () => {
  const actions = actionsOf(parseConfig(threeSites, "test"));
  expect(actions).toEqual(expect.arrayContaining(unexpected));
  expect(new Set(actions).size).toBe(actions.length);
});

test("doctor asks for no action that a deployment doesn't need", () => {
  const actions = actionsOf(parseConfig({ ...oneSite, monitoring: { enabled: false } }, "test"));
  expect(
    actions.filter((action) => /^(ecr|scheduler|sqs|sns|events|states|cloudwatch):/.test(action)),
  ).toEqual([]);
});
