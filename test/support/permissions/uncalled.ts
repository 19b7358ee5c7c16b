import type { Role } from "../../../cli/permissions/policies";

/** Actions that a role is allowed though no recorded life cycle calls them, and why. */
interface Uncalled {
  readonly role: Role;
  readonly why: string;
  readonly actions: string;
}

export const uncalled: readonly Uncalled[] = [
  ...(["deployer", "destroyer"] as const).map((role) => ({
    role,
    why: "our own commands look at the bucket of the states, which the recorded life cycle works on by CDKTF's CLI",
    actions: "s3:GetBucketVersioning",
  })),
  {
    role: "deployer",
    why: "AWS asks for it beside the creation of what has tags, and Terraform calls it when `tags` changes",
    actions:
      "cloudwatch:TagResource ecr:TagResource ecs:TagResource events:TagResource iam:TagRole logs:TagResource " +
      "sns:TagResource sqs:TagQueue ssm:AddTagsToResource states:TagResource",
  },
  {
    role: "deployer",
    why: "a tag is taken out of `tags`",
    actions:
      "cloudwatch:UntagResource ecr:UntagResource ecs:UntagResource events:UntagResource iam:UntagRole " +
      "logs:UntagResource sns:UntagResource sqs:UntagQueue states:UntagResource",
  },
  {
    role: "deployer",
    why: "a setting or a release changes what is there",
    actions:
      "ecs:UpdateService iam:UpdateAssumeRolePolicy scheduler:UpdateSchedule sqs:SetQueueAttributes " +
      "states:UpdateStateMachine logs:AssociateKmsKey logs:DisassociateKmsKey iam:DetachRolePolicy",
  },
  {
    role: "deployer",
    why: "a service, a job, an image, a site or monitoring is taken out of the environment's file",
    actions:
      "cloudwatch:DeleteAlarms cloudwatch:DeleteDashboards ecr:DeleteLifecyclePolicy ecr:DeleteRepository " +
      "ecs:DeleteService ecs:DeregisterTaskDefinition ecs:StopTask events:DeleteRule events:RemoveTargets " +
      "iam:DeleteRole iam:DeleteRolePolicy iam:ListInstanceProfilesForRole logs:DeleteLogGroup " +
      "logs:DeleteMetricFilter scheduler:DeleteSchedule sns:DeleteTopic sqs:DeleteQueue states:DeleteStateMachine",
  },
  {
    role: "deployer",
    why: "a push, by the registry's own protocol. Source: Amazon ECR User Guide, pushing an image",
    actions:
      "ecr:BatchCheckLayerAvailability ecr:CompleteLayerUpload ecr:InitiateLayerUpload ecr:UploadLayerPart",
  },
  {
    role: "deployer",
    why: "subscribers, which no recorded life cycle has",
    actions: "sns:GetSubscriptionAttributes sns:Subscribe sns:Unsubscribe",
  },
  {
    role: "deployer",
    why: "AWS makes the role of ECS at the first cluster of an account",
    actions: "iam:CreateServiceLinkedRole",
  },
  {
    role: "deployer",
    why: "Terraform's provider 6.25.0, where it waits for a roll-out; the life cycles may run an older one",
    actions: "ecs:DescribeServiceDeployments",
  },
  {
    role: "deployer",
    why: "a roll-out that fails, which test/scripts/await-rollout has",
    actions: "logs:GetLogEvents",
  },
  {
    role: "destroyer",
    why: "a node with tasks, which test/scripts/deregister has; orphans that are activations",
    actions: "ecs:DescribeTasks ecs:ListTasks ecs:StopTask ssm:ListTagsForResource",
  },
  {
    role: "destroyer",
    why: "subscribers, which no recorded life cycle has",
    actions: "sns:GetSubscriptionAttributes sns:Unsubscribe",
  },
  {
    role: "pipeline",
    why: "subscribers, which no recorded life cycle has",
    actions: "sns:GetSubscriptionAttributes",
  },
  {
    role: "operator",
    why: "anywhere exec, drain, undrain and heal, which test/cli/desk has",
    actions: "ecs:ExecuteCommand ecs:UpdateContainerInstancesState ecs:TagResource ecs:UntagResource",
  },
];
