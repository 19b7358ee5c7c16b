import { expect, test } from "@jest/globals";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { addresses, resourceAt, stackOf, synth, type StackJson } from "../support/synthesis/synth";

const one = stackOf(synth(oneSite), "control-plane");
const three = stackOf(synth(threeSites), "control-plane");

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: string | string[];
  readonly Condition?: object;
}

const statementsOf = (stack: StackJson, address: string, attribute: string) =>
  (JSON.parse(String(resourceAt(stack, address)[attribute])) as { Statement: Statement[] }).Statement;

/** Statements of a policy that one service or job has. */
const policyOf = (stack: StackJson, local: string, name: string) =>
  (JSON.parse(stack.locals[local]?.[name] as unknown as string) as { Statement: Statement[] }).Statement;

test("only Systems Manager may assume the node role, for this account's activations", () => {
  expect(statementsOf(one, "aws_iam_role.node", "assume_role_policy")).toEqual([
    {
      Effect: "Allow",
      Principal: { Service: "ssm.amazonaws.com" },
      Action: "sts:AssumeRole",
      Condition: {
        StringEquals: { "aws:SourceAccount": "123456789012" },
        ArnEquals: { "aws:SourceArn": "arn:aws:ssm:eu-west-1:123456789012:*" },
      },
    },
  ]);
});

test("only ECS tasks of this account may assume the task and the execution role", () => {
  for (const role of ["task", "execution"]) {
    expect(statementsOf(one, `aws_iam_role.${role}`, "assume_role_policy")).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "ecs-tasks.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: {
          StringEquals: { "aws:SourceAccount": "123456789012" },
          ArnLike: { "aws:SourceArn": "arn:aws:ecs:eu-west-1:123456789012:*" },
        },
      },
    ]);
  }
});

test("a node may act as an instance of this cluster, but may not read parameters", () => {
  const instances = "arn:aws:ecs:eu-west-1:123456789012:container-instance/shop/*";
  expect(statementsOf(one, "aws_iam_role_policy.node-ecs", "policy")).toEqual([
    { Effect: "Allow", Action: "ecs:DiscoverPollEndpoint", Resource: "*" },
    {
      Effect: "Allow",
      Action: [
        "ecs:RegisterContainerInstance",
        "ecs:SubmitAttachmentStateChanges",
        "ecs:SubmitContainerStateChange",
        "ecs:SubmitTaskStateChange",
      ],
      Resource: "arn:aws:ecs:eu-west-1:123456789012:cluster/shop",
    },
    { Effect: "Allow", Action: ["ecs:Poll", "ecs:StartTelemetrySession"], Resource: instances },
    {
      Effect: "Allow",
      Action: "ecs:TagResource",
      Resource: instances,
      Condition: { StringEquals: { "ecs:CreateAction": "RegisterContainerInstance" } },
    },
    {
      Effect: "Allow",
      Action: "ecs:ListTagsForResource",
      Resource: [instances, "arn:aws:ecs:eu-west-1:123456789012:task/shop/*"],
    },
  ]);
  expect(statementsOf(one, "aws_iam_role_policy.node-no-parameters", "policy")).toEqual([
    { Effect: "Deny", Action: "ssm:GetParameter*", Resource: "*" },
  ]);
});

test("aws.nodePolicy can give nodes AWS's managed policy instead", () => {
  const stack = stackOf(
    synth({ ...oneSite, aws: { ...oneSite.aws, nodePolicy: "managed" } }),
    "control-plane",
  );
  expect(resourceAt(stack, "aws_iam_role_policy_attachment.node-ecs")["policy_arn"]).toBe(
    "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role",
  );
  expect(addresses(stack)).toContain("aws_iam_role_policy.node-no-parameters");
  expect(addresses(stack)).not.toContain("aws_iam_role_policy.node-ecs");
});

test("secrets give the execution role exactly their permissions", () => {
  expect(policyOf(three, "execution_secrets", "web")).toEqual([
    {
      Effect: "Allow",
      Action: "secretsmanager:GetSecretValue",
      Resource: [
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
        // The same secret, were `db-AbCdEf` its whole name.
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf-??????",
      ],
    },
    {
      Effect: "Allow",
      Action: "ssm:GetParameters",
      Resource: ["arn:aws:ssm:eu-west-1:123456789012:parameter/shop/api-key"],
    },
    { Effect: "Allow", Action: "kms:Decrypt", Resource: threeSites.services.web.secretKeys },
  ]);
});

test("secrets whose policy doesn't fit into a role are refused", () => {
  const withSecrets = (count: number) => {
    const secrets = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `SECRET_${index}`,
        `arn:aws:ssm:eu-west-1:123456789012:parameter/${String(index).padStart(100, "x")}`,
      ]),
    );
    return () => synth({ ...oneSite, services: { web: { ...oneSite.services.web, secrets } } });
  };
  expect(withSecrets(60)).not.toThrow();
  expect(withSecrets(100)).toThrow(
    /^services\.web\.secrets: the policy for them has \d{5} characters, of the 10240 that a role's own policies may have: keep several values in one secret/,
  );
});

test("ECS Exec gives the task role exactly its four actions", () => {
  expect(policyOf(three, "task_permissions", "web")).toEqual([
    {
      Effect: "Allow",
      Action: [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ],
      Resource: "*",
    },
  ]);
});

test("the cluster's metrics go to a log group that expires", () => {
  expect(resourceAt(three, "aws_ecs_cluster.cluster")).toMatchObject({
    name: "shop",
    setting: [{ name: "containerInsights", value: "enabled" }],
    depends_on: ["aws_cloudwatch_log_group.insights"],
  });
  expect(resourceAt(three, "aws_cloudwatch_log_group.insights")).toMatchObject({
    name: "/aws/ecs/containerinsights/shop/performance",
    retention_in_days: 7,
  });
  expect(resourceAt(three, "aws_cloudwatch_log_group.containers")).toMatchObject({
    for_each: "${local.log_groups}",
    name: "${each.value}",
    retention_in_days: 7,
  });
  expect(three.locals["log_groups"]).toEqual({
    web: "/ecs/shop/web",
    api: "/ecs/shop/api",
    worker: "/ecs/shop/worker",
    report: "/ecs/shop/report",
  });
});

test("a log group that late data has recreated is adopted by a deploy, and removed once all else is gone", () => {
  const name = "/aws/ecs/containerinsights/shop/performance";
  expect(one.import).toEqual([
    {
      for_each: `\${setintersection(data.aws_cloudwatch_log_groups.existing-insights.log_group_names, ["${name}"])}`,
      id: "${each.value}",
      to: "aws_cloudwatch_log_group.insights",
    },
  ]);
  expect(one.data?.["aws_cloudwatch_log_groups"]?.["existing-insights"]).toMatchObject({
    log_group_name_prefix: name,
  });
  expect(resourceAt(one, "aws_cloudwatch_log_group.insights")["depends_on"]).toEqual([
    "null_resource.late-insights",
  ]);
  const late = resourceAt(one, "null_resource.late-insights");
  expect(late).toMatchObject({
    triggers: { LOG_GROUP: name, AWS_REGION: "eu-west-1", ACCOUNT: "123456789012" },
    lifecycle: { ignore_changes: ["triggers"] },
    provisioner: [
      {
        "local-exec": {
          when: "destroy",
          environment: { LOG_GROUP: '${lookup(self.triggers, "LOG_GROUP", "")}' },
        },
      },
    ],
  });
  expect(late).not.toHaveProperty("depends_on");
});

test("image tags are immutable, and old images expire", () => {
  expect(three.locals["repositories"]).toEqual({ app: "shop/app" });
  expect(resourceAt(three, "aws_ecr_repository.image")).toMatchObject({
    for_each: "${local.repositories}",
    name: "${each.value}",
    image_tag_mutability: "IMMUTABLE",
    image_scanning_configuration: { scan_on_push: true },
    force_delete: true,
  });
  const { rules } = JSON.parse(
    String(resourceAt(three, "aws_ecr_lifecycle_policy.image-expiry")["policy"]),
  ) as {
    rules: object[];
  };
  expect(rules).toMatchObject([{ selection: { countType: "imageCountMoreThan", countNumber: 50 } }]);
});

test("the sites and services of a deploy, and whether it has jobs, are outputs", () => {
  expect(three.output["sites"]).toMatchObject({ value: ["ams3", "fra1", "berlin"] });
  expect(three.output["services"]).toMatchObject({ value: ["web", "api", "worker"] });
  expect([one, three].map(({ output }) => output["has_jobs"]?.["value"])).toEqual(["false", "true"]);
});
