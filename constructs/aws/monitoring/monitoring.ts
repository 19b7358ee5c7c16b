import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { Construct } from "constructs";
import type { Monitoring as Settings } from "../../../config/monitoring";
import type { Names } from "../../../config/names";
import { Alarms } from "./alarms";
import { Dashboard } from "./dashboard";
import { AlertEvents } from "./events";
import { AlertTopic } from "./topic";

/** Props of {@link Monitoring}. */
export interface MonitoringProps {
  readonly names: Names;
  readonly subscribers: Settings["subscribers"];
  /** Log groups of services and jobs, by name. */
  readonly logGroup: CloudwatchLogGroup;
  /** Services and jobs. */
  readonly containers: readonly string[];
  /** Seconds that a roll-out may take, by name of the ECS service. */
  readonly rollouts: ReadonlyMap<string, number>;
  readonly hasJobs: boolean;
}

/** Notifies people only of problems that need their attention; shows the rest on a dashboard. */
export class Monitoring extends Construct {
  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    const { arn: topicArn } = new AlertTopic(this, "topic", props);
    new AlertEvents(this, "events", props.names, topicArn);
    new Alarms(this, "alarms", { ...props, topicArn });
    new Dashboard(this, "dashboard", props);
  }
}
