import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { SchedulerSchedule } from "@cdktf/provider-aws/lib/scheduler-schedule";
import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { Construct } from "constructs";
import { nodesWith, type Names } from "../../config/names";
import type { Job } from "../../config/services/job";
import { Instances } from "../instances";
import { policy, trust } from "./policy";

/** Props of {@link Schedules}. */
export interface SchedulesProps {
  readonly names: Names;
  readonly clusterArn: string;
  readonly jobs: Readonly<Record<string, Job>>;
  /** By job. */
  readonly taskDefinition: EcsTaskDefinition;
  /** Roles of the jobs' tasks. */
  readonly taskRoleArns: readonly string[];
}

/** Tries for an hour: an agent may be gone for some minutes, and a node full until a task has ended. */
const retries = { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 60 };

/** What has not been started is kept for two weeks, the longest that SQS keeps anything. */
const keptSeconds = 14 * 24 * 3600;

/**
 * Starts each job when it is due. What could not be started at all is found in a queue. Source: EventBridge Scheduler
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
      sqsManagedSseEnabled: true,
    });
    const { role, permission } = this.role(props);
    const settings = Object.entries(jobs).map(([name, one]) => [name, settingsOf(name, one, names)] as const);
    const job = new Instances(this, "schedules", settings);
    this.schedule = new SchedulerSchedule(this, "job", {
      forEach: job.forEach,
      // A job that runs at a rate is due at once.
      dependsOn: [permission],
      name: job.get("name"),
      scheduleExpression: job.get("schedule"),
      scheduleExpressionTimezone: job.get("timezone"),
      state: job.get("state"),
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: clusterArn,
        roleArn: role.arn,
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

  /** May start the jobs' tasks, whatever revision, in this cluster, and nothing else. */
  private role({ names, clusterArn, jobs, taskRoleArns }: SchedulesProps) {
    const role = new IamRole(this, "scheduler", {
      name: names.schedulerRole,
      assumeRolePolicy: trust("scheduler.amazonaws.com", {
        StringEquals: { "aws:SourceAccount": names.account },
      }),
    });
    const permission = new IamRolePolicy(this, "scheduler-jobs", {
      role: role.name,
      name: "run-jobs",
      policy: policy(
        {
          Effect: "Allow",
          Action: "ecs:RunTask",
          Resource: Object.keys(jobs).map((job) =>
            names.arn("ecs", `task-definition/${names.jobFamily(job)}:*`),
          ),
          Condition: { ArnEquals: { "ecs:cluster": clusterArn } },
        },
        {
          Effect: "Allow",
          Action: "iam:PassRole",
          Resource: taskRoleArns,
          Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
        },
        { Effect: "Allow", Action: "sqs:SendMessage", Resource: this.deadLetters.arn },
      ),
    });
    return { role, permission };
  }
}

function settingsOf(name: string, job: Job, names: Names) {
  const { schedule, timezone, enabled, count, site, on } = job;
  return {
    name: names.schedule(name),
    schedule,
    timezone,
    state: enabled ? "ENABLED" : "DISABLED",
    count,
    nodes: nodesWith(names, site, on),
  };
}
