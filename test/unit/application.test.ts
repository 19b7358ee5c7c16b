import { expect, test } from "@jest/globals";
import { healthTimes } from "../../config/services/health";
import { oneSite, threeSites } from "../support/environments";
import { resourceAt, stackOf, synth, type StackJson } from "../support/synth";

const one = stackOf(synth(oneSite), "application");
const three = stackOf(synth(threeSites), "application");

const containersOf = (stack: StackJson) =>
  JSON.parse(String(resourceAt(stack, "aws_ecs_task_definition.app")["container_definitions"])) as object[];

test("a task is one container with a fixed port of its node", () => {
  expect(resourceAt(one, "aws_ecs_task_definition.app")).toMatchObject({
    family: "shop--app",
    requires_compatibilities: ["EXTERNAL"],
    network_mode: "bridge",
    execution_role_arn: "${data.terraform_remote_state.control-plane.outputs.execution_role_arn}",
    task_role_arn: "${data.terraform_remote_state.control-plane.outputs.task_role_arn}",
    lifecycle: { create_before_destroy: true },
  });
  expect(containersOf(one)).toEqual([
    {
      name: "app",
      image: "registry.example/shop/app:v1",
      essential: true,
      cpu: 256,
      memory: 256,
      portMappings: [{ containerPort: 8080, hostPort: 8080, protocol: "tcp" }],
      environment: [
        { name: "HEALTH_PATH", value: "/healthz" },
        { name: "LAME_DUCK_SECONDS", value: "12" },
        { name: "PORT", value: "8080" },
        { name: "READY_AFTER_SECONDS", value: "12" },
      ],
      secrets: [],
      healthCheck: { command: ["CMD", "healthcheck"], interval: 5, timeout: 5, retries: 3, startPeriod: 72 },
      stopTimeout: 25,
      readonlyRootFilesystem: true,
      linuxParameters: { initProcessEnabled: true, capabilities: { add: [], drop: ["ALL"] } },
      logConfiguration: {
        logDriver: "awslogs",
        options: {
          "awslogs-group": "/ecs/shop",
          "awslogs-region": "eu-west-1",
          "awslogs-stream-prefix": "app",
        },
      },
    },
  ]);
});

test("environment and secrets are the config's, in an order that the config doesn't decide", () => {
  expect(containersOf(three)).toMatchObject([
    {
      portMappings: [{ containerPort: 3000, hostPort: 3000 }],
      environment: [
        { name: "HEALTH_PATH" },
        { name: "LAME_DUCK_SECONDS" },
        { name: "LOG_LEVEL", value: "info" },
        { name: "PORT", value: "3000" },
        { name: "READY_AFTER_SECONDS" },
      ],
      secrets: [
        { name: "API_KEY", valueFrom: "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/api-key" },
        {
          name: "DB_PASSWORD",
          valueFrom: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:password::",
        },
      ],
      readonlyRootFilesystem: false,
    },
  ]);
});

test("every node runs the application as a daemon, with a minimum that lets it be updated", () => {
  expect(resourceAt(one, "aws_ecs_service.app")).toEqual({
    "//": expect.anything() as unknown,
    for_each: "${local.services}",
    name: "app--${each.key}",
    cluster: "${data.terraform_remote_state.control-plane.outputs.cluster_arn}",
    task_definition: "${aws_ecs_task_definition.app.arn}",
    launch_type: "EXTERNAL",
    scheduling_strategy: "DAEMON",
    deployment_minimum_healthy_percent: "${each.value.minimumHealthyPercent}",
    deployment_maximum_percent: 100,
    deployment_circuit_breaker: { enable: true, rollback: true },
    availability_zone_rebalancing: "DISABLED",
    placement_constraints: [
      {
        type: "memberOf",
        expression: "attribute:anywhere.deployment == shop and attribute:anywhere.site == ${each.key}",
      },
    ],
    enable_execute_command: false,
    wait_for_steady_state: false,
    timeouts: { delete: "${each.value.deleteTimeout}" },
  });
  expect(one.locals["services"]).toEqual({
    ams3: { desiredCount: 2, minimumHealthyPercent: 50, deleteTimeout: "420s" },
  });
});

test("a count per site makes replicas, on the sites that are named", () => {
  expect(resourceAt(three, "aws_ecs_service.app")).toMatchObject({
    scheduling_strategy: "REPLICA",
    desired_count: "${each.value.desiredCount}",
    enable_execute_command: true,
  });
  expect(three.locals["services"]).toMatchObject({
    ams3: { desiredCount: 2, minimumHealthyPercent: 50 },
    berlin: { desiredCount: 2, minimumHealthyPercent: 50 },
  });
  expect(three.locals["rollouts"]).toMatchObject({ ams3: { tasks: 2 }, berlin: { tasks: 2 } });
});

test("a deploy waits for exactly this revision of each site, as long as its nodes may take", () => {
  expect(resourceAt(one, "null_resource.rollout")).toEqual({
    "//": expect.anything() as unknown,
    for_each: "${local.rollouts}",
    depends_on: ["aws_ecs_task_definition.app"],
    triggers: {
      SERVICE: "${aws_ecs_service.app[each.key].id}",
      TASK_DEFINITION: "${aws_ecs_task_definition.app.arn}",
      TASKS: "${each.value.tasks}",
    },
    lifecycle: { replace_triggered_by: ["aws_ecs_service.app[each.key]"] },
    provisioner: [
      {
        "local-exec": {
          command: expect.stringMatching(
            /^bash \.\/assets\/await-rollout\/\w+\/await-rollout\.sh$/,
          ) as unknown,
          environment: {
            NAME: "shop",
            SITE: "${each.key}",
            SERVICE: "${aws_ecs_service.app[each.key].name}",
            TASK_DEFINITION: "${aws_ecs_task_definition.app.arn}",
            TASKS: "${each.value.tasks}",
            LOG_GROUP: "/ecs/shop",
            CLUSTER: "shop",
            AWS_REGION: "eu-west-1",
            ACCOUNT: "123456789012",
            DEFAULT_TIMEOUT_SECONDS: "${each.value.timeout}",
            AWS_LIBRARY: expect.stringMatching(/\/aws\.sh$/) as unknown,
            LOST_NODES: expect.stringMatching(/\/lost-nodes\.sh$/) as unknown,
          },
        },
      },
    ],
  });
  expect(one.locals["rollouts"]).toEqual({ ams3: { tasks: 2, timeout: 1260 } });
});

test("a site on premises that isn't waited for, and one without tasks, don't hold a deploy up", () => {
  const sites = {
    berlin: { kind: "on-premises" as const, nodes: { "rack-1": {} } },
    fra1: { kind: "digitalocean" as const, region: "fra1", nodes: 0 },
  };
  const { locals } = stackOf(synth({ ...oneSite, sites }), "application");
  expect(Object.keys(locals["services"] as object)).toEqual(["berlin", "fra1"]);
  expect(locals["rollouts"]).toEqual({});
});

test("before a service goes, the agents that are lost go, by what was remembered and whatever else changes", () => {
  const { provisioner, ...agents } = resourceAt(one, "null_resource.lost_agents");
  expect(agents).toMatchObject({
    for_each: "${local.services}",
    triggers: { NAME: "shop", SITE: "${each.key}", SERVICE: "${aws_ecs_service.app[each.key].id}" },
    lifecycle: {
      ignore_changes: ["NAME", "SITE", "CLUSTER", "AWS_REGION", "ACCOUNT"].map(
        (name) => `triggers["${name}"]`,
      ),
    },
  });
  expect(provisioner).toMatchObject([
    {
      "local-exec": {
        when: "destroy",
        environment: {
          NAME: '${lookup(self.triggers, "NAME", "")}',
          CLUSTER: '${lookup(self.triggers, "CLUSTER", "")}',
        },
      },
    },
  ]);
});

test("all times follow from the load balancer's health checks", () => {
  const slow = healthTimes({ path: "/", intervalSeconds: 10, unhealthyAfter: 3, healthyAfter: 5 });
  expect(slow).toEqual({
    loadBalancer: { interval: 10, timeout: 3, unhealthyThreshold: 3, healthyThreshold: 5 },
    lameDuck: 43,
    readyAfter: 63,
    stopTimeout: 56,
    container: { interval: 5, timeout: 5, retries: 3, startPeriod: 123 },
    drain: { stall: 91, longest: 331 },
  });
});
