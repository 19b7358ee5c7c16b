import type { Names } from "../../config/names";
import type { Conditions } from "../../constructs/aws/policy";

/** The part of a deployment that needs these actions; without one, every deployment does. */
export type Need = "images" | "jobs" | "monitoring" | "s3";

/** Permissions of roles on some resources. */
export interface Grant {
  /** As actions name it. */
  readonly service: string;
  readonly resource: string | readonly string[];
  readonly need?: Need;
  readonly condition?: Conditions;
  /** Names of actions, by the letters of the roles that may do them: `d`eployer, destroyer `x`, `o`perator, `p`ipeline. */
  readonly allow: Readonly<Record<string, string>>;
}

const nodePolicies = [
  "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
  "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
];

/**
 * The least that each role needs; tests compare it with the calls that they see. `*` is used only where AWS supports no
 * resource. Source: Service Authorization Reference.
 * @param bucket of the states
 */
export function grants(names: Names, bucket: string): Grant[] {
  const iam = (resource: string) => `arn:aws:iam::${names.account}:${resource}`;
  const ours = names.alert("*");
  const logGroups = [names.logs("*"), `${names.insightsLogs}*`].map((name) =>
    names.arn("logs", `log-group:${name}`),
  );
  return [
    {
      service: "ecs",
      resource: names.clusterArn,
      allow: {
        d: "CreateCluster TagResource UntagResource",
        x: "DeleteCluster",
        dxp: "DescribeClusters",
        dxo: "ListContainerInstances DeregisterContainerInstance",
        o: "ExecuteCommand",
      },
    },
    {
      service: "ecs",
      resource: names.arn("ecs", `container-instance/${names.cluster}/*`),
      allow: {
        dxo: "DescribeContainerInstances UpdateContainerInstancesState",
        do: "TagResource",
        o: "UntagResource",
      },
    },
    {
      service: "ecs",
      resource: ["service", "service-deployment", "service-revision"].map((kind) =>
        names.arn("ecs", `${kind}/${names.cluster}/*`),
      ),
      allow: {
        d: "CreateService TagResource UntagResource ListServiceDeployments DescribeServiceDeployments DescribeServiceRevisions",
        dx: "UpdateService DeleteService",
        dxop: "DescribeServices",
      },
    },
    {
      service: "ecs",
      resource: names.arn("ecs", `task/${names.cluster}/*`),
      allow: { dxo: "DescribeTasks", dx: "StopTask", o: "ExecuteCommand" },
    },
    {
      service: "ecs",
      resource: names.arn("ecs", `task-definition/${ours}:*`),
      allow: { o: "RunTask", d: "TagResource UntagResource" },
    },
    {
      service: "ecs",
      resource: "*",
      condition: { ArnEquals: { "ecs:cluster": names.clusterArn } },
      allow: { dxo: "ListTasks" },
    },
    {
      service: "ecs",
      resource: "*",
      allow: { d: "RegisterTaskDefinition", dx: "DeregisterTaskDefinition", dxop: "DescribeTaskDefinition" },
    },
    {
      service: "iam",
      resource: iam(`role/${ours}`),
      allow: {
        d: "CreateRole TagRole UntagRole UpdateAssumeRolePolicy PutRolePolicy",
        dxp: "GetRole ListRolePolicies GetRolePolicy ListAttachedRolePolicies",
        dx: "DeleteRole DeleteRolePolicy ListInstanceProfilesForRole",
      },
    },
    {
      service: "iam",
      resource: iam(`role/${names.nodeRole}`),
      condition: { ArnEquals: { "iam:PolicyARN": nodePolicies } },
      allow: { d: "AttachRolePolicy", dx: "DetachRolePolicy" },
    },
    {
      service: "iam",
      resource: iam("role/aws-service-role/ecs.amazonaws.com/*"),
      condition: { StringEquals: { "iam:AWSServiceName": "ecs.amazonaws.com" } },
      allow: { d: "CreateServiceLinkedRole" },
    },
    {
      service: "iam",
      resource: [iam("role/*"), iam("user/*")],
      allow: { d: "SimulatePrincipalPolicy GetRole" },
    },
    {
      service: "ssm",
      resource: "*",
      allow: {
        d: "CreateActivation AddTagsToResource",
        dx: "DeleteActivation",
        dxp: "DescribeActivations",
        dxo: "DescribeInstanceInformation",
        x: "ListTagsForResource",
      },
    },
    {
      service: "ssm",
      resource: names.arn("ssm", "managed-instance/*"),
      allow: { dx: "DeregisterManagedInstance" },
    },
    {
      service: "logs",
      resource: logGroups,
      allow: {
        d: "CreateLogGroup GetLogEvents PutRetentionPolicy AssociateKmsKey DisassociateKmsKey TagResource UntagResource",
        dx: "DeleteLogGroup",
        o: "FilterLogEvents",
        dxp: "ListTagsForResource",
      },
    },
    {
      service: "logs",
      resource: "*",
      allow: { dxp: "DescribeLogGroups" },
    },
    {
      service: "sts",
      resource: "*",
      allow: { dxp: "GetCallerIdentity" },
    },
    {
      service: "ecr",
      resource: names.arn("ecr", `repository/${names.repository("*")}`),
      need: "images",
      allow: {
        d: "CreateRepository PutLifecyclePolicy BatchCheckLayerAvailability InitiateLayerUpload UploadLayerPart CompleteLayerUpload BatchGetImage PutImage TagResource UntagResource",
        dxp: "DescribeRepositories GetLifecyclePolicy ListTagsForResource",
        dx: "DeleteRepository DeleteLifecyclePolicy",
        dp: "DescribeImages",
      },
    },
    {
      service: "ecr",
      resource: "*",
      need: "images",
      allow: { d: "GetAuthorizationToken" },
    },
    {
      service: "scheduler",
      resource: names.arn("scheduler", `schedule/default/${ours}`),
      need: "jobs",
      allow: { d: "CreateSchedule UpdateSchedule", dxp: "GetSchedule", dx: "DeleteSchedule" },
    },
    {
      service: "sqs",
      resource: names.arn("sqs", names.deadLetters),
      need: "jobs",
      allow: {
        d: "CreateQueue SetQueueAttributes TagQueue UntagQueue",
        dx: "DeleteQueue",
        dxp: "GetQueueAttributes ListQueueTags",
      },
    },
    {
      service: "sns",
      resource: names.arn("sns", names.alerts),
      need: "monitoring",
      allow: {
        d: "CreateTopic Subscribe TagResource UntagResource",
        dx: "DeleteTopic SetTopicAttributes",
        dxp: "GetTopicAttributes ListTagsForResource",
      },
    },
    {
      service: "sns",
      resource: "*",
      need: "monitoring",
      allow: { dxp: "GetSubscriptionAttributes", dx: "Unsubscribe" },
    },
    {
      service: "events",
      resource: names.arn("events", `rule/${ours}`),
      need: "monitoring",
      allow: {
        d: "PutRule PutTargets TagResource UntagResource",
        dx: "DeleteRule RemoveTargets",
        dxp: "DescribeRule ListTargetsByRule ListTagsForResource",
      },
    },
    {
      service: "states",
      resource: names.arn("states", `stateMachine:${ours}`),
      need: "monitoring",
      allow: {
        d: "CreateStateMachine UpdateStateMachine TagResource UntagResource",
        dx: "DeleteStateMachine",
        dxp: "DescribeStateMachine ListStateMachineVersions ListTagsForResource",
      },
    },
    {
      service: "states",
      resource: "*",
      need: "monitoring",
      allow: { d: "ValidateStateMachineDefinition" },
    },
    {
      service: "cloudwatch",
      resource: names.arn("cloudwatch", `alarm:${ours}`),
      need: "monitoring",
      allow: {
        d: "PutMetricAlarm TagResource UntagResource",
        dx: "DeleteAlarms",
        dxp: "DescribeAlarms ListTagsForResource",
      },
    },
    {
      service: "cloudwatch",
      resource: `arn:aws:cloudwatch::${names.account}:dashboard/${names.dashboard}`,
      need: "monitoring",
      allow: { d: "PutDashboard", dxp: "GetDashboard", dx: "DeleteDashboards" },
    },
    {
      service: "logs",
      resource: logGroups,
      need: "monitoring",
      allow: { d: "PutMetricFilter", dx: "DeleteMetricFilter", dxp: "DescribeMetricFilters" },
    },
    {
      service: "s3",
      resource: `arn:aws:s3:::${bucket}`,
      need: "s3",
      allow: { dxp: "ListBucket GetBucketVersioning" },
    },
    {
      service: "s3",
      resource: `arn:aws:s3:::${bucket}/${names.state("*")}.tfstate`,
      need: "s3",
      allow: { dxp: "GetObject", dx: "PutObject" },
    },
    {
      service: "s3",
      resource: `arn:aws:s3:::${bucket}/${names.state("*")}.tfstate.tflock`,
      need: "s3",
      allow: { dxp: "GetObject PutObject DeleteObject" },
    },
  ];
}

/** The roles that are passed to a service of AWS, and the letters of those who do it. */
export function passedRoles(names: Names): readonly {
  readonly resource: string | readonly string[];
  readonly service: string;
  readonly by: string;
}[] {
  const role = (name: string) => `arn:aws:iam::${names.account}:role/${name}`;
  const tasks = [role(names.role("*", "execution")), role(names.role("*", "task"))];
  return [
    { resource: role(names.nodeRole), service: "ssm.amazonaws.com", by: "d" },
    { resource: tasks, service: "ecs-tasks.amazonaws.com", by: "do" },
    { resource: role(names.role("*", "scheduler")), service: "scheduler.amazonaws.com", by: "d" },
    { resource: role(names.alert("alert", "checks")), service: "states.amazonaws.com", by: "d" },
    { resource: role(names.alert("alert", "events")), service: "events.amazonaws.com", by: "d" },
  ];
}
