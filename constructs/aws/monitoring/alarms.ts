import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import { Construct } from "constructs";
import type { Names } from "../../../config/names";
import { Instances } from "../../instances";
import { describe, type Alert } from "./runbook";

/** Props of {@link Alarms}. */
export interface AlarmsProps {
  readonly names: Names;
  readonly topicArn: string;
  /** Seconds that a roll-out may take, by name of the ECS service. */
  readonly rollouts: ReadonlyMap<string, number>;
  readonly hasJobs: boolean;
}

/** Minutes in which a service may be short of tasks whatever happens. */
const shortestMinutes = 10;
/** Source: Amazon CloudWatch API Reference, PutMetricAlarm: an alarm looks at no more than a day of such a period. */
const longestMinutes = 1440;

/** A metric that should stay 0. */
interface Counted {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: "Sum" | "Maximum";
}

/** Alarms from metrics. Each notifies the topic once, however long it lasts, and not of its end. */
export class Alarms extends Construct {
  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.count(props);
    if (props.rollouts.size > 0) {
      this.compareTasks(props);
    }
  }

  private count({ names, topicArn, hasJobs }: AlarmsProps): void {
    // A rule without a target has metrics all the same. Source: EventBridge User Guide, "Using IAM policy conditions".
    const events = (alert: Alert): Counted => ({
      namespace: "AWS/Events",
      metric: "TriggeredRules",
      dimensions: { RuleName: names.alert(alert) },
      statistic: "Sum",
    });
    const counted: Partial<Record<Alert, Counted>> = {
      "placement-failed": events("placement-failed"),
      "container-failed": events("container-failed"),
      ...(hasJobs && {
        "job-not-started": {
          namespace: "AWS/SQS",
          metric: "ApproximateNumberOfMessagesVisible",
          dimensions: { QueueName: names.deadLetters },
          statistic: "Maximum",
        },
      }),
    };
    const alarms = Object.entries(counted).map(
      ([alert, metric]) => [alert, { ...metric, description: describe(alert as Alert) }] as const,
    );
    const alarm = new Instances(this, "alarms", alarms);
    new CloudwatchMetricAlarm(this, "counted", {
      forEach: alarm.forEach,
      alarmName: names.alert(alarm.key),
      alarmDescription: alarm.get("description"),
      namespace: alarm.get("namespace"),
      metricName: alarm.get("metric"),
      dimensions: alarm.forEach.getStringMap("dimensions"),
      statistic: alarm.get("statistic"),
      period: 300,
      evaluationPeriods: 1,
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      treatMissingData: "notBreaching",
      alarmActions: [topicArn],
    });
  }

  private compareTasks({ names, topicArn, rollouts }: AlarmsProps): void {
    const minutes = [...rollouts].map(
      ([name, seconds]) =>
        [
          name,
          { minutes: Math.min(longestMinutes, Math.max(shortestMinutes, Math.ceil(seconds / 60))) },
        ] as const,
    );
    const service = new Instances(this, "service_minutes", minutes);
    // Source: Amazon ECS Developer Guide, "Amazon ECS Container Insights metrics".
    const tasks = (metricId: string, metricName: string) => ({
      id: metricId,
      metric: {
        namespace: "ECS/ContainerInsights",
        metricName,
        dimensions: { ClusterName: names.cluster, ServiceName: service.key },
        stat: "Average",
        period: 60,
      },
    });
    new CloudwatchMetricAlarm(this, "tasks-missing", {
      forEach: service.forEach,
      alarmName: names.alert("tasks-missing", service.key),
      alarmDescription: describe("tasks-missing"),
      metricQuery: [
        { id: "missing", expression: "desired - running", label: "Missing tasks", returnData: true },
        tasks("desired", "DesiredTaskCount"),
        tasks("running", "RunningTaskCount"),
      ],
      // Longer than any roll-out takes: one that replaces tasks one at a time lacks one all the while.
      evaluationPeriods: service.forEach.getNumber("minutes"),
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      // Until a service is deployed, and once it is gone, it has no metrics.
      treatMissingData: "notBreaching",
      alarmActions: [topicArn],
    });
  }
}
