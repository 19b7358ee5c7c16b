import { expect, test } from "@jest/globals";
import { containersAt } from "../support/synthesis/containers";
import { oneSite, threeSites } from "../support/synthesis/environments";
import { resourceAt, stackOf, synth, type StackJson } from "../support/synthesis/synth";

const stacks = synth(threeSites);
const jobs = stackOf(stacks, "jobs");
const outputs = "data.terraform_remote_state.control-plane.outputs";

test("a job's schedule starts its task on the nodes of its site that it may run on", () => {
  expect(jobs.locals["schedules"]).toEqual({
    report: {
      name: "shop--report",
      schedule: "cron(30 4 * * ? *)",
      timezone: "Europe/Berlin",
      state: "ENABLED",
      count: 1,
      nodes:
        "attribute:anywhere.deployment == shop and attribute:anywhere.site == ams3 and attribute:disk == ssd",
      role: "shop--report--scheduler",
      revisions: "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop--report:*",
      execution_role: `\${${outputs}.execution_role_arns.report}`,
      task_role: `\${${outputs}.task_role_arns.report}`,
    },
  });
  expect(resourceAt(jobs, "aws_scheduler_schedule.job")).toMatchObject({
    depends_on: expect.arrayContaining(["aws_iam_role_policy.scheduler-jobs"]),
    for_each: "${local.schedules}",
    flexible_time_window: { mode: "OFF" },
    target: {
      arn: "${data.terraform_remote_state.control-plane.outputs.cluster_arn}",
      role_arn: "${aws_iam_role.scheduler[each.key].arn}",
      ecs_parameters: {
        task_definition_arn: "${aws_ecs_task_definition.job[each.key].arn}",
        launch_type: "EXTERNAL",
        task_count: "${each.value.count}",
        placement_constraints: [{ type: "memberOf", expression: "${each.value.nodes}" }],
      },
      retry_policy: { maximum_event_age_in_seconds: 3600, maximum_retry_attempts: 60 },
      dead_letter_config: { arn: "${aws_sqs_queue.dead_letters.arn}" },
    },
  });
});

test("the image that each job runs is an output", () => {
  expect(jobs.output["image_uris"]?.["value"]).toEqual({
    report: expect.stringContaining("outputs.repository_urls.app}:") as unknown,
  });
});

test("a job's task is one container without a port, a check and a stop time-out, with the URLs of its site", () => {
  const [container, ...others] = containersAt(jobs, "report", "job");
  expect(others).toEqual([]);
  expect(container).toMatchObject({ name: "app", command: ["node", "report.js"] });
  expect(container?.environment).toEqual([
    { name: "API_URL", value: "${data.terraform_remote_state.compute-ams3.outputs.internal_urls.api}" },
  ]);
  for (const property of ["portMappings", "healthCheck", "stopTimeout"]) {
    expect(container).not.toHaveProperty(property);
  }
});

const policyOf = (stack: StackJson) => resourceAt(stack, "aws_iam_role_policy.scheduler-jobs");

test("a job's scheduler may only run its task definition in this cluster, pass its roles and use the queue", () => {
  const { policy, ...permission } = policyOf(jobs);
  expect(permission).toMatchObject({
    for_each: "${local.schedules}",
    role: "${aws_iam_role.scheduler[each.key].name}",
  });
  expect(JSON.parse(String(policy))).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "ecs:RunTask",
        Resource: "${each.value.revisions}",
        Condition: { ArnEquals: { "ecs:cluster": `\${${outputs}.cluster_arn}` } },
      },
      {
        Effect: "Allow",
        Action: "iam:PassRole",
        Resource: ["${each.value.execution_role}", "${each.value.task_role}"],
        Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
      },
      { Effect: "Allow", Action: "sqs:SendMessage", Resource: "${aws_sqs_queue.dead_letters.arn}" },
    ],
  });
  const role = resourceAt(jobs, "aws_iam_role.scheduler");
  expect(role).toMatchObject({ for_each: "${local.schedules}", name: "${each.value.role}" });
  expect(JSON.parse(String(role["assume_role_policy"]))).toMatchObject({
    Statement: [
      {
        Principal: { Service: "scheduler.amazonaws.com" },
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ],
  });
});

test("policies don't grow with the number of jobs, and each job is started by a role of its own", () => {
  const { report } = threeSites.jobs;
  const names = Array.from({ length: 100 }, (_, index) => `report-${index + 1}`);
  const many = stackOf(
    synth({ ...threeSites, jobs: Object.fromEntries(names.map((name) => [name, report])) }),
    "jobs",
  );
  expect(policyOf(many)).toEqual(policyOf(jobs));
  const settings = Object.values(many.locals["schedules"] ?? {}) as { role: string; revisions: string }[];
  for (const field of ["role", "revisions"] as const) {
    expect(new Set(settings.map((one) => one[field])).size).toBe(100);
  }
});

test("a job that is not enabled keeps its schedule, disabled", () => {
  const report = { ...threeSites.jobs.report, enabled: false };
  const stack = stackOf(synth({ ...threeSites, jobs: { report } }), "jobs");
  expect(stack.locals["schedules"]?.["report"]).toMatchObject({ state: "DISABLED" });
});

test("without jobs there is no stack of them", () => {
  expect(Object.keys(synth(oneSite))).not.toContain("jobs");
});
