import type { Config } from "../../config/schema";

const tags = ["TagResource", "UntagResource", "ListTagsForResource"];

/** What a deploy, a destroy and the operator's commands do by themselves or through Terraform, by service. */
const always: Actions = {
  ecs: [
    ...["CreateCluster", "DeleteCluster", "DescribeClusters", "RegisterTaskDefinition"],
    ...[
      "DeregisterTaskDefinition",
      "DescribeTaskDefinition",
      "CreateService",
      "UpdateService",
      "DeleteService",
    ],
    ...["DescribeServices", "ListContainerInstances", "DescribeContainerInstances"],
    ...[
      "UpdateContainerInstancesState",
      "DeregisterContainerInstance",
      "ListTasks",
      "DescribeTasks",
      "StopTask",
    ],
    ...["RunTask", "ExecuteCommand", ...tags],
  ],
  iam: [
    ...["CreateRole", "GetRole", "DeleteRole", "PassRole", "TagRole", "PutRolePolicy", "GetRolePolicy"],
    ...[
      "DeleteRolePolicy",
      "AttachRolePolicy",
      "DetachRolePolicy",
      "ListRolePolicies",
      "ListAttachedRolePolicies",
    ],
    // Terraform's provider asks for instance profiles before it deletes a role.
    ...["UpdateAssumeRolePolicy", "UntagRole", "ListInstanceProfilesForRole"],
  ],
  ssm: [
    ...["CreateActivation", "DeleteActivation", "DescribeActivations", "DescribeInstanceInformation"],
    ...["DeregisterManagedInstance", "AddTagsToResource", "ListTagsForResource"],
  ],
  logs: [
    ...[
      "CreateLogGroup",
      "DescribeLogGroups",
      "DeleteLogGroup",
      "PutRetentionPolicy",
      "FilterLogEvents",
      ...tags,
    ],
  ],
};

const ofImages: Actions = {
  ecr: [
    ...[
      "CreateRepository",
      "DescribeRepositories",
      "DeleteRepository",
      "DescribeImages",
      "GetAuthorizationToken",
    ],
    ...["PutLifecyclePolicy", "GetLifecyclePolicy", "DeleteLifecyclePolicy"],
    ...["BatchCheckLayerAvailability", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"],
    ...["BatchGetImage", "PutImage", ...tags],
  ],
};

const ofJobs: Actions = {
  scheduler: ["CreateSchedule", "GetSchedule", "UpdateSchedule", "DeleteSchedule"],
  sqs: [
    ...["CreateQueue", "DeleteQueue", "GetQueueAttributes", "SetQueueAttributes"],
    ...["TagQueue", "ListQueueTags"],
  ],
};

const ofMonitoring: Actions = {
  sns: [
    "CreateTopic",
    "DeleteTopic",
    "GetTopicAttributes",
    "SetTopicAttributes",
    "Subscribe",
    "GetSubscriptionAttributes",
    "Unsubscribe",
    ...tags,
  ],
  events: [
    "PutRule",
    "DeleteRule",
    "DescribeRule",
    "PutTargets",
    "RemoveTargets",
    "ListTargetsByRule",
    ...tags,
  ],
  states: [
    ...["CreateStateMachine", "UpdateStateMachine", "DeleteStateMachine", "DescribeStateMachine"],
    ...["ListStateMachineVersions", "ValidateStateMachineDefinition", ...tags],
  ],
  cloudwatch: [
    ...[
      "PutMetricAlarm",
      "DeleteAlarms",
      "DescribeAlarms",
      "PutDashboard",
      "GetDashboard",
      "DeleteDashboards",
    ],
    ...tags,
  ],
  logs: ["PutMetricFilter", "DeleteMetricFilter", "DescribeMetricFilters"],
};

type Actions = Readonly<Record<string, readonly string[]>>;

/** The actions that an environment needs of AWS, as policies name them. Source: AWS, "Service Authorization Reference". */
export function actionsOf({ images, jobs, monitoring }: Config): string[] {
  const needed = [
    always,
    ...(Object.keys(images).length > 0 ? [ofImages] : []),
    ...(Object.keys(jobs).length > 0 ? [ofJobs] : []),
    ...(monitoring.enabled ? [ofMonitoring] : []),
  ];
  return needed
    .flatMap((actions) => Object.entries(actions))
    .flatMap(([service, names]) => names.map((name) => `${service}:${name}`));
}
