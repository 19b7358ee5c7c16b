import { expect, test } from "@jest/globals";
import { containersAt, type ContainerJson } from "../support/synthesis/containers";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { resourceAt, stackOf, synth } from "../support/synthesis/synth";

const one = stackOf(synth(oneSite), "service-web");
const stacks = synth(threeSites);
const three = stackOf(stacks, "service-web");

test("a service's stack outputs what a later deploy compares", () => {
  const outputs = ["port", "scheduling_strategy", "checked_path", "lame_duck_seconds", "ready_after_seconds"];
  const told = [one, stackOf(stacks, "service-api")].map(({ output }) =>
    outputs.map((name) => output[name]?.["value"]),
  );
  expect(told).toEqual([
    ["8080", "DAEMON", "/healthz", "12", "12"],
    ["3001", "REPLICA", "/.anywhere/health", "18", "18"],
  ]);
});

test("a task is one container with a fixed port of its node", () => {
  expect(resourceAt(one, "aws_ecs_task_definition.task")).toMatchObject({
    for_each: "${local.task_definitions}",
    family: "${each.value.family}",
    requires_compatibilities: ["EXTERNAL"],
    network_mode: "bridge",
    execution_role_arn: "${each.value.executionRoleArn}",
    task_role_arn: "${each.value.taskRoleArn}",
    container_definitions: "${each.value.containers}",
    lifecycle: { create_before_destroy: true },
  });
  expect(one.locals["task_definitions"]).toEqual({
    ams3: {
      family: "shop--web--ams3",
      executionRoleArn: "${data.terraform_remote_state.control-plane.outputs.execution_role_arns.web}",
      taskRoleArn: "${data.terraform_remote_state.control-plane.outputs.task_role_arns.web}",
      containers: expect.anything() as unknown,
      volumes: {},
    },
  });
  expect(containersAt(one, "ams3")).toEqual([
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
      mountPoints: [],
      healthCheck: { command: ["CMD", "healthcheck"], interval: 5, timeout: 5, retries: 3, startPeriod: 72 },
      stopTimeout: 27,
      readonlyRootFilesystem: false,
      linuxParameters: {
        initProcessEnabled: true,
        capabilities: { add: [], drop: ["AUDIT_WRITE", "MKNOD", "NET_RAW"] },
      },
      dockerSecurityOptions: ["no-new-privileges"],
      logConfiguration: {
        logDriver: "awslogs",
        options: {
          "awslogs-group": "/ecs/shop/web",
          "awslogs-region": "eu-west-1",
          "awslogs-stream-prefix": "app",
        },
      },
    },
  ]);
});

test("a task that is run by hand is the same, without the port of a node and the health check", () => {
  for (const [stack, site] of [
    [one, "ams3"],
    [stackOf(stacks, "service-api"), "fra1"],
  ] as const) {
    const app = containersAt(stack, site)[0] as ContainerJson;
    const [oneOff = {}, ...others] = containersAt(stack, site, "one_off");
    expect(others).toEqual([]);
    expect({ healthCheck: app.healthCheck, ...oneOff }).toEqual({ ...app, portMappings: [] });
    expect(oneOff).not.toHaveProperty("healthCheck");
    expect(resourceAt(stack, "aws_ecs_task_definition.one_off")).toMatchObject({
      family: "${each.value.family}",
      requires_compatibilities: ["EXTERNAL"],
    });
  }
  expect(one.locals["one_off_definitions"]?.["ams3"]).toMatchObject({ family: "shop--web--ams3--one-off" });
});

test("a service without a port has one definition for both its tasks and those run by hand", () => {
  const worker = stackOf(stacks, "service-worker");
  expect(worker.output["one_off_task_definition_arns"]?.value).toEqual(
    worker.output["task_definition_arns"]?.value,
  );
  expect(worker.output["one_off_task_definition_arns"]?.value).toContain("aws_ecs_task_definition.task");
});

test("environment and secrets are the config's, sorted by name", () => {
  expect(containersAt(three, "ams3")).toMatchObject([
    {
      portMappings: [{ containerPort: 3000, hostPort: 3000 }],
      environment: [
        {
          name: "API_URL",
          value: "${data.terraform_remote_state.compute-ams3.outputs.internal_urls.api}",
        },
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

test("every node runs the service as a daemon, with a minimum that lets it be updated", () => {
  expect(resourceAt(one, "aws_ecs_service.service")).toEqual({
    "//": expect.anything() as unknown,
    for_each: "${local.services}",
    name: "web--${each.key}",
    cluster: "${data.terraform_remote_state.control-plane.outputs.cluster_arn}",
    task_definition: "${aws_ecs_task_definition.task[each.key].arn}",
    launch_type: "EXTERNAL",
    scheduling_strategy: "DAEMON",
    deployment_minimum_healthy_percent: "${each.value.minimumHealthyPercent}",
    deployment_maximum_percent: "${each.value.maximumPercent}",
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
    ams3: { desiredCount: 2, minimumHealthyPercent: 50, maximumPercent: 100, deleteTimeout: "420s" },
  });
});

test("a count per site makes replicas, on the sites that are named", () => {
  expect(resourceAt(three, "aws_ecs_service.service")).toMatchObject({
    scheduling_strategy: "REPLICA",
    desired_count: "${each.value.desiredCount}",
    enable_execute_command: true,
  });
  expect(three.locals["services"]).toMatchObject({
    // Of three nodes, so that a new task may start before an old one goes.
    ams3: { desiredCount: 2, minimumHealthyPercent: 100, maximumPercent: 150 },
  });
  expect(three.locals["rollouts"]).toMatchObject({ ams3: { tasks: 2 } });
  const worker = stackOf(stacks, "service-worker");
  expect(worker.locals["services"]).toMatchObject({
    ams3: { desiredCount: 1, minimumHealthyPercent: 100, maximumPercent: 200 },
    berlin: { desiredCount: 2, minimumHealthyPercent: 100, maximumPercent: 200 },
  });
  expect(worker.locals["rollouts"]).toMatchObject({ ams3: { tasks: 1 }, berlin: { tasks: 2 } });
});

test("old tasks give way if new ones find no room beside them, so that updates are possible", () => {
  const web = { ...oneSite.services.web, memoryMiB: 384 };
  const worker = (count: number) => ({ image: web.image, memoryMiB: 256, placement: { ams3: count } });
  const of = (count: number) =>
    stackOf(synth({ ...oneSite, services: { web, worker: worker(count) } }), "service-worker").locals[
      "services"
    ];
  // Two nodes of 824 MiB.
  expect(of(1)).toMatchObject({ ams3: { minimumHealthyPercent: 100, maximumPercent: 200 } });
  expect(of(2)).toMatchObject({ ams3: { minimumHealthyPercent: 50, maximumPercent: 100 } });
});

test("a deploy waits for exactly this revision of each site, as long as its nodes may take", () => {
  expect(resourceAt(one, "null_resource.rollout")).toEqual({
    "//": expect.anything() as unknown,
    for_each: "${local.rollouts}",
    depends_on: ["aws_ecs_task_definition.task"],
    triggers: {
      SERVICE: "${aws_ecs_service.service[each.key].id}",
      TASK_DEFINITION: "${aws_ecs_task_definition.task[each.key].arn}",
      TASKS: "${each.value.tasks}",
    },
    lifecycle: { replace_triggered_by: ["aws_ecs_service.service[each.key]"] },
    provisioner: [
      {
        "local-exec": {
          command: expect.stringMatching(
            /^bash \.\/assets\/await-rollout\/\w+\/await-rollout\.sh$/,
          ) as unknown,
          environment: {
            NAME: "shop",
            SITE: "${each.key}",
            SERVICE: "${aws_ecs_service.service[each.key].name}",
            TASK_DEFINITION: "${aws_ecs_task_definition.task[each.key].arn}",
            TASKS: "${each.value.tasks}",
            LOG_GROUP: "/ecs/shop/web",
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
  const { locals } = stackOf(synth({ ...oneSite, sites }), "service-web");
  expect(Object.keys(locals["services"] as object)).toEqual(["berlin", "fra1"]);
  expect(locals["rollouts"]).toEqual({});
});

test("before a service is destroyed, lost agents are deregistered, by what the state remembers", () => {
  const { provisioner, ...agents } = resourceAt(one, "null_resource.lost_agents");
  expect(agents).toMatchObject({
    for_each: "${local.services}",
    triggers: { NAME: "shop", SITE: "${each.key}", SERVICE: "${aws_ecs_service.service[each.key].id}" },
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
