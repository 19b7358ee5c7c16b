import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { EcsCluster } from "@cdktf/provider-aws/lib/ecs-cluster";
import { Construct } from "constructs";
import type { Names } from "../../config/names";

/** Props of {@link ObservedCluster}. */
export interface ObservedClusterProps {
  readonly names: Names;
  readonly logRetentionDays: number;
}

/** The cluster with Container Insights, and the log groups of its containers and its metrics, with a retention. */
export class ObservedCluster extends Construct {
  readonly cluster: EcsCluster;

  constructor(scope: Construct, id: string, { names, logRetentionDays }: ObservedClusterProps) {
    super(scope, id);
    new CloudwatchLogGroup(this, "containers", {
      name: names.containerLogs,
      retentionInDays: logRetentionDays,
    });
    const insights = new CloudwatchLogGroup(this, "insights", {
      name: names.insightsLogs,
      retentionInDays: logRetentionDays,
    });
    this.cluster = new EcsCluster(this, "cluster", {
      name: names.cluster,
      setting: [{ name: "containerInsights", value: "enabled" }],
      // ECS makes the group itself when it isn't there, and then nothing in it ever expires.
      dependsOn: [insights],
    });
  }
}
