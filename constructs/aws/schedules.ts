import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { SchedulerSchedule } from "@cdktf/provider-aws/lib/scheduler-schedule";
import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { Construct } from "constructs";
import { nodesWith, type Names } from "../../config/names";
import type { Job } from "../../config/services/job";
import { Instances } from "../instances";
import { policy, trust, useOfKey } from "./policy";

/** Props of {@link Schedules}. */
export interface SchedulesProps {
  readonly names: Names;
  readonly clusterArn: string;
  readonly jobs: Readonly<Record<string, Job>>;
  /** By job. */
  readonly taskDefinition: EcsTaskDefinition;
  /** ARNs of the roles of a job's tasks. */
  readonly roles: (job: string) => Readonly<Record<"execution" | "task", string>>;
}

/** Retries failures for an hour. A lack of room isn't one: ECS reports it as a success. */
const retries = { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 60 };

/** Failed starts are kept for two weeks, the longest time that SQS keeps a message. */
const keptSeconds = 14 * 24 * 3600;

/**
 * Starts each job when it is due. Runs that could not be started at all end in a queue. Source: EventBridge Scheduler
 * User Guide, "Using universal targets" and "Setting up".
 */
export class Schedules extends Construct {
  readonly schedule: SchedulerSchedule;
  readonly deadLetters: SqsQueue;

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    const { names, clusterArn, jobs, taskDefinition } = props;
    this.deadLetters = new SqsQueue(this, "dead_letters", {
      name: names.deadLetters,
      messageRetentionSeconds: keptSeconds,
      ...(names.kmsKeyArn === undefined
        ? { sqsManagedSseEnabled: true }
        : { kmsMasterKeyId: names.kmsKeyArn }),
    });
    const settings = Object.entries(jobs).map(([name, one]) => [name, settingsOf(name, one, props)] as const);
    const job = new Instances(this, "schedules", settings);
    const { role, permission } = this.roles(job, clusterArn, names);
    this.schedule = new SchedulerSchedule(this, "job", {
      forEach: job.forEach,
      // A job with a rate is due at once.
      dependsOn: [permission],
      name: job.get("name"),
      scheduleExpression: job.get("schedule"),
      scheduleExpressionTimezone: job.get("timezone"),
      state: job.get("state"),
      kmsKeyArn: names.kmsKeyArn,
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: clusterArn,
        roleArn: job.attribute(role, "arn"),
        ecsParameters: {
          taskDefinitionArn: job.attribute(taskDefinition, "arn"),
          launchType: "EXTERNAL",
          taskCount: job.forEach.getNumber("count"),
          placementConstraints: [{ type: "memberOf", expression: job.get("nodes") }],
        },
        retryPolicy: retries,
        deadLetterConfig: { arn: this.deadLetters.arn },
      },
    });
  }

  /** Each may start its job's tasks, of any revision, in this cluster, and do nothing else. */
  private roles(
    job: Instances<keyof ReturnType<typeof settingsOf>>,
    clusterArn: string,
    { account, kmsKeyArn }: Names,
  ) {
    const role = new IamRole(this, "scheduler", {
      forEach: job.forEach,
      name: job.get("role"),
      assumeRolePolicy: trust("scheduler.amazonaws.com", { StringEquals: { "aws:SourceAccount": account } }),
    });
    const permission = new IamRolePolicy(this, "scheduler-jobs", {
      forEach: job.forEach,
      role: job.attribute(role, "name"),
      name: "run-job",
      policy: policy(
        {
          Effect: "Allow",
          Action: "ecs:RunTask",
          Resource: job.get("revisions"),
          Condition: { ArnEquals: { "ecs:cluster": clusterArn } },
        },
        {
          Effect: "Allow",
          Action: "iam:PassRole",
          Resource: [job.get("execution_role"), job.get("task_role")],
          Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
        },
        { Effect: "Allow", Action: "sqs:SendMessage", Resource: this.deadLetters.arn },
        // Also the schedule's own, which its role decrypts.
        ...useOfKey(kmsKeyArn),
      ),
    });
    return { role, permission };
  }
}

function settingsOf(name: string, job: Job, { names, roles }: SchedulesProps) {
  const { schedule, timezone, enabled, count, site, on } = job;
  const { execution, task } = roles(name);
  return {
    name: names.schedule(name),
    schedule,
    timezone,
    state: enabled ? "ENABLED" : "DISABLED",
    count,
    nodes: nodesWith(names, site, on),
    role: names.role(name, "scheduler"),
    revisions: names.arn("ecs", `task-definition/${names.jobFamily(name)}:*`),
    execution_role: execution,
    task_role: task,
  };
}
