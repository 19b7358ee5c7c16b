import { expect, test } from "@jest/globals";
import { healthTimes } from "../../config/health";
import { minimumHealthyPercent } from "../../config/rollout";
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
    wait_for_steady_state: "${each.value.waits}",
    timeouts: { create: "20m", update: "20m", delete: "20m" },
    lifecycle: {
      postcondition: [
        {
          condition: "${self.task_definition == aws_ecs_task_definition.app.arn}",
          error_message: expect.stringContaining("was rolled back to ${self.task_definition}") as unknown,
        },
      ],
    },
  });
  expect(one.locals["services"]).toEqual({
    ams3: { desiredCount: 2, minimumHealthyPercent: 50, waits: true },
  });
});

test("a count per site makes replicas, on the sites that are named", () => {
  expect(resourceAt(three, "aws_ecs_service.app")).toMatchObject({
    scheduling_strategy: "REPLICA",
    desired_count: "${each.value.desiredCount}",
    enable_execute_command: true,
  });
  expect(three.locals["services"]).toEqual({
    ams3: { desiredCount: 2, minimumHealthyPercent: 50, waits: true },
    berlin: { desiredCount: 2, minimumHealthyPercent: 50, waits: true },
  });
});

test("a site on premises that isn't waited for doesn't hold a deploy up", () => {
  const sites = { berlin: { kind: "on-premises" as const, nodes: { "rack-1": {} } } };
  expect(stackOf(synth({ ...oneSite, sites }), "application").locals["services"]).toEqual({
    berlin: { desiredCount: 1, minimumHealthyPercent: 0, waits: false },
  });
});

test.each([
  [0, 0],
  [1, 0],
  [2, 50],
  [3, 66],
  [5, 80],
  [7, 85],
])("of %i tasks one may go: at least %i %% stay", (desired, percent) => {
  expect(minimumHealthyPercent(desired)).toBe(percent);
});

test.each([1, 2, 3, 5, 7, 12, 100, 499])(
  "a roll-out of %i tasks may stop one at a time, or 1 % of many",
  (desired) => {
    const kept = Math.ceil((desired * minimumHealthyPercent(desired)) / 100);
    expect(desired - kept).toBeGreaterThanOrEqual(1);
    expect(desired - kept).toBeLessThanOrEqual(Math.ceil(desired / 100));
  },
);

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
