import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { addresses, resourceAt, stackOf, synth, type StackJson } from "../support/synthesis/synth";

const one = stackOf(synth(oneSite), "control-plane");
const three = stackOf(synth(threeSites), "control-plane");
const off = stackOf(synth({ ...threeSites, monitoring: { enabled: false } }), "control-plane");

const arn = (service: string, resource: string) => `arn:aws:${service}:eu-west-1:123456789012:${resource}`;
const topic = "${aws_sns_topic.alerts.arn}";

/** Statements of a policy that is written in a resource. */
const statementsOf = (address: string, attribute: string) =>
  (JSON.parse(String(resourceAt(three, address)[attribute])) as { Statement: unknown[] }).Statement;

const alarm = (stack: StackJson, name: string) => resourceAt(stack, `aws_cloudwatch_metric_alarm.${name}`);

test("only this deployment's rules and alarms may publish to the topic, and no key makes SNS drop what they send", () => {
  const sender = (service: string, source: string) => ({
    Effect: "Allow",
    Principal: { Service: service },
    Action: "sns:Publish",
    Resource: arn("sns", "shop--alerts"),
    Condition: {
      StringEquals: { "aws:SourceAccount": "123456789012" },
      ArnLike: { "aws:SourceArn": source },
    },
  });
  expect(statementsOf("aws_sns_topic_policy.alerts-senders", "policy")).toEqual([
    sender("events.amazonaws.com", arn("events", "rule/shop--*")),
    sender("cloudwatch.amazonaws.com", arn("cloudwatch", "alarm:shop--*")),
  ]);
  expect(resourceAt(three, "aws_sns_topic.alerts")).toMatchObject({ name: "shop--alerts" });
  expect(resourceAt(three, "aws_sns_topic.alerts")).not.toHaveProperty("kms_master_key_id");
});

test("subscribers are notified by their protocols, and without any there is no subscription", () => {
  expect(three.locals["subscribers"]).toEqual({
    "ops@example.com": "email",
    "https://hooks.example.com/alerts?team=platform": "https",
  });
  expect(resourceAt(three, "aws_sns_topic_subscription.subscriber")).toMatchObject({
    for_each: "${local.subscribers}",
    topic_arn: topic,
    protocol: "${each.value}",
    endpoint: "${each.key}",
  });
  expect(addresses(one)).not.toContain("aws_sns_topic_subscription.subscriber");
});

test("failed deployments and services send a message; other events first go through an alarm or a check", () => {
  const rules = Object.keys(three.locals["alert_rules"] ?? {}).sort();
  const messages = Object.keys(three.locals["alert_messages"] ?? {});
  const checks = Object.keys(three.locals["alert_checks"] ?? {});
  const counted = Object.keys(three.locals["alarms"] ?? {}).filter((name) => name !== "job-not-started");
  expect([messages, checks, counted].flat().sort()).toEqual(rules);
  expect(messages).toEqual(["deployment-failed", "start-impaired"]);
  expect(three.locals["alert_messages"]).toMatchObject({
    "deployment-failed":
      '"shop: <event> of <service>. <reason>"\n"A roll-out of a service failed. Runbook: docs/operations.md#deployment-failed"',
  });
  expect(resourceAt(three, "aws_cloudwatch_event_target.message")).toMatchObject({
    arn: topic,
    input_transformer: {
      input_paths: { event: "$.detail.eventName", reason: "$.detail.reason", service: "$.resources[0]" },
    },
  });
  expect(three.locals["alarms"]).toMatchObject({
    "container-failed": {
      namespace: "AWS/Events",
      metric: "TriggeredRules",
      dimensions: { RuleName: "shop--container-failed" },
    },
    "placement-failed": { dimensions: { RuleName: "shop--placement-failed" } },
  });
});

test("checks may only read and publish, and only the deployment's rules start them", () => {
  expect(statementsOf("aws_iam_role_policy.alert-checks-permissions", "policy")).toEqual([
    {
      Effect: "Allow",
      Action: "ecs:DescribeContainerInstances",
      Resource: arn("ecs", "container-instance/shop/*"),
    },
    { Effect: "Allow", Action: "ssm:DescribeActivations", Resource: "*" },
    { Effect: "Allow", Action: "sns:Publish", Resource: arn("sns", "shop--alerts") },
  ]);
  expect(statementsOf("aws_iam_role_policy.alert-events-permissions", "policy")).toEqual([
    {
      Effect: "Allow",
      Action: "states:StartExecution",
      Resource: [
        arn("states", "stateMachine:shop--agent-lost"),
        arn("states", "stateMachine:shop--activation-unused"),
      ],
    },
  ]);
  for (const [role, service] of [
    ["alert-checks", "states.amazonaws.com"],
    ["alert-events", "events.amazonaws.com"],
  ]) {
    expect(statementsOf(`aws_iam_role.${role}`, "assume_role_policy")).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: service },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ]);
  }
});

test("a service with fewer tasks than desired raises an alarm for each site, later than a roll-out there ends", () => {
  // As many minutes as the deploy itself waits for each.
  expect(three.locals["service_minutes"]).toEqual({
    "web--ams3": { minutes: 30 },
    "api--ams3": { minutes: 24 },
    "api--fra1": { minutes: 24 },
    "worker--ams3": { minutes: 13 },
    "worker--berlin": { minutes: 11 },
  });
  const tasks = (id: string, metric_name: string) => ({
    id,
    metric: {
      namespace: "ECS/ContainerInsights",
      metric_name,
      dimensions: { ClusterName: "shop", ServiceName: "${each.key}" },
      stat: "Average",
      period: 60,
    },
  });
  expect(alarm(three, "tasks-missing")).toMatchObject({
    for_each: "${local.service_minutes}",
    alarm_name: "shop--tasks-missing--${each.key}",
    metric_query: [
      { id: "missing", expression: "desired - running", return_data: true },
      tasks("desired", "DesiredTaskCount"),
      tasks("running", "RunningTaskCount"),
    ],
    comparison_operator: "GreaterThanThreshold",
    threshold: 0,
    evaluation_periods: "${each.value.minutes}",
    treat_missing_data: "notBreaching",
    alarm_actions: [topic],
  });
});

test("a service with a count of 0 at a site has no alarm there", () => {
  const { web } = oneSite.services;
  const stack = stackOf(
    synth({ ...oneSite, services: { web: { ...web, placement: { ams3: 0 } } } }),
    "control-plane",
  );
  expect(addresses(stack)).not.toContain("aws_cloudwatch_metric_alarm.tasks-missing");
});

test("a job's run that is left in the queue raises an alarm, if there are jobs", () => {
  expect(three.locals["alarms"]).toMatchObject({
    "job-not-started": {
      namespace: "AWS/SQS",
      metric: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: "shop--dead-letters" },
    },
  });
  expect(one.locals["alarms"]).not.toHaveProperty("job-not-started");
  expect(alarm(three, "counted")).toMatchObject({
    for_each: "${local.alarms}",
    alarm_name: "shop--${each.key}",
    dimensions: "${each.value.dimensions}",
    comparison_operator: "GreaterThanThreshold",
    threshold: 0,
    evaluation_periods: 1,
    treat_missing_data: "notBreaching",
    alarm_actions: [topic],
  });
});

test("no alarm notifies when it ends, and each says what it means and where the runbook is", () => {
  for (const name of ["counted", "tasks-missing"]) {
    expect(alarm(three, name)).not.toHaveProperty("ok_actions");
    expect(alarm(three, name)).not.toHaveProperty("insufficient_data_actions");
  }
  const described = [
    ...Object.values(three.locals["alarms"] ?? {}),
    ...Object.values(three.locals["alert_rules"] ?? {}),
  ].map(({ description }) => description);
  for (const description of [...described, alarm(three, "tasks-missing")["alarm_description"]]) {
    expect(description).toEqual(expect.stringMatching(/^[A-Z].+\. Runbook: docs\/operations\.md#[a-z-]+$/));
  }
});

test("the dashboard shows tasks, CPU and memory of every service, and errors in all services' and jobs' logs", () => {
  interface Widget {
    readonly properties: { readonly region: string; readonly metrics: unknown[][] };
  }
  const dashboard = resourceAt(three, "aws_cloudwatch_dashboard.services");
  expect(dashboard["dashboard_name"]).toBe("shop--services");
  const { widgets } = JSON.parse(String(dashboard["dashboard_body"])) as { widgets: Widget[] };
  expect(widgets.map(({ properties }) => properties.region)).toEqual(Array(4).fill("eu-west-1"));
  const metrics = widgets.flatMap(({ properties }) => properties.metrics);
  const searched = metrics.flatMap(([first]) => (first as { expression?: string }).expression ?? []);
  expect(searched).toEqual(
    ["RunningTaskCount", "DesiredTaskCount", "CpuUtilized", "MemoryUtilized"].map(
      (metric) =>
        `SEARCH('{ECS/ContainerInsights,ClusterName,ServiceName} ClusterName="shop" MetricName="${metric}"', 'Average', 60)`,
    ),
  );
  expect(metrics.filter(([first]) => typeof first === "string")).toEqual(
    ["web", "api", "worker", "report"].map((name) => ["Anywhere/shop", name]),
  );
  expect(resourceAt(three, "aws_cloudwatch_log_metric_filter.errors")).toMatchObject({
    for_each: "${aws_cloudwatch_log_group.containers}",
    log_group_name: "${each.value.name}",
    pattern: expect.stringContaining('?"ERROR" '),
    metric_transformation: {
      namespace: "Anywhere/shop",
      name: "${each.key}",
      value: "1",
      default_value: "0",
    },
  });
});

test("without services and jobs, the dashboard has no widget without metrics, which CloudWatch refuses", () => {
  const stack = stackOf(synth({ ...oneSite, services: {} }), "control-plane");
  const dashboard = resourceAt(stack, "aws_cloudwatch_dashboard.services");
  const { widgets } = JSON.parse(String(dashboard["dashboard_body"])) as {
    widgets: { readonly properties: { readonly metrics: unknown[] } }[];
  };
  expect(widgets.map(({ properties }) => properties.metrics.length)).toEqual([2, 1, 1]);
});

test("without monitoring, the JSON holds nothing of it", () => {
  const types = /^aws_(sns|sfn|cloudwatch_(event|metric|dashboard|log_metric))/;
  expect(addresses(three).filter((address) => types.test(address))).not.toEqual([]);
  expect(addresses(off).filter((address) => types.test(address))).toEqual([]);
  expect(JSON.stringify(off)).not.toMatch(/alert|alarm|runbook/i);
});

test("more services give the same blocks", () => {
  const blocks = (environment: Parameters<typeof synth>[0]) => {
    const stack = stackOf(synth(environment), "control-plane");
    return addresses(stack);
  };
  const { web } = oneSite.services;
  const worker = { image: web.image, memoryMiB: 100, cpuUnits: 100 };
  expect(
    blocks({
      ...oneSite,
      services: { web, ...Object.fromEntries([1, 2, 3].map((n) => [`worker-${n}`, worker])) },
    }),
  ).toEqual(blocks(oneSite));
});

test("the runbook has a section for everything that is reported", () => {
  const named = [...JSON.stringify(three).matchAll(/docs\/operations\.md#([a-z-]+)/g)].map(
    ([, anchor]) => anchor,
  );
  const headings = [...readFileSync("docs/operations.md", "utf8").matchAll(/^#+ ([a-z-]+)$/gm)].map(
    ([, name]) => name,
  );
  expect(new Set(named).size).toBe(8);
  expect(headings).toEqual(expect.arrayContaining(named));
});
