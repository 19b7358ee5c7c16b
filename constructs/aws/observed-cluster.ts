import { join } from "node:path";
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { DataAwsCloudwatchLogGroups } from "@cdktf/provider-aws/lib/data-aws-cloudwatch-log-groups";
import { EcsCluster } from "@cdktf/provider-aws/lib/ecs-cluster";
import { Resource as NullResource } from "@cdktf/provider-null/lib/resource";
import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import type { Names } from "../../config/names";
import { Instances } from "../instances";
import { rememberedBy } from "../script/remembered";
import { AwsLibrary, Script } from "../script/script";

/** Props of {@link ObservedCluster}. */
export interface ObservedClusterProps {
  readonly names: Names;
  /** Services and jobs. */
  readonly containers: readonly string[];
  readonly logRetentionDays: number;
}

/**
 * The cluster with Container Insights, and the log groups of its containers and its metrics, with a retention. Data
 * that arrives late creates the metrics' group again: the end of a destroy removes it once more, and the next deploy
 * adopts one that came back even later.
 */
export class ObservedCluster extends Construct {
  readonly cluster: EcsCluster;
  /** Of services and jobs, by name. */
  readonly logGroup: CloudwatchLogGroup;

  constructor(scope: Construct, id: string, { names, logRetentionDays, containers }: ObservedClusterProps) {
    super(scope, id);
    const groups = containers.map((name) => [name, names.logs(name)] as const);
    const each = new Instances(this, "log_groups", groups);
    this.logGroup = new CloudwatchLogGroup(this, "containers", {
      forEach: each.forEach,
      name: each.value,
      retentionInDays: logRetentionDays,
      kmsKeyId: names.kmsKeyArn,
    });
    const insights = new CloudwatchLogGroup(this, "insights", {
      name: names.insightsLogs,
      retentionInDays: logRetentionDays,
      kmsKeyId: names.kmsKeyArn,
      // So that the cluster is destroyed first.
      dependsOn: [this.lateInsights(names)],
    });
    this.adopt(insights, names.insightsLogs);
    this.cluster = new EcsCluster(this, "cluster", {
      name: names.cluster,
      setting: [{ name: "containerInsights", value: "enabled" }],
      // ECS creates the group itself if it doesn't exist, and then nothing in it ever expires.
      dependsOn: [insights],
    });
  }

  /**
   * The resource that waits for late data after everything else is destroyed, and removes the log group that it
   * creates.
   */
  private lateInsights({ insightsLogs, awsRegion, account }: Names): NullResource {
    const script = new Script(this, join(__dirname, "remove-late-insights.sh"));
    const library = new AwsLibrary(this);
    const settings = { LOG_GROUP: insightsLogs, AWS_REGION: awsRegion, ACCOUNT: account };
    return new NullResource(this, "late-insights", {
      triggers: settings,
      provisioners: [
        script.run(
          { ...rememberedBy("self", Object.keys(settings)), AWS_LIBRARY: library.location },
          "destroy",
        ),
      ],
      lifecycle: { ignoreChanges: ["triggers"] },
    });
  }

  /** Lets a deploy take the group over when it is there already: an `import` block that is empty when it isn't. */
  private adopt(group: CloudwatchLogGroup, name: string): void {
    const existing = new DataAwsCloudwatchLogGroups(this, "existing-insights", { logGroupNamePrefix: name });
    TerraformStack.of(this).addOverride("import", [
      {
        // The prefix finds groups with longer names, too.
        for_each: `\${setintersection(${existing.fqn}.log_group_names, ["${name}"])}`,
        id: "${each.value}",
        to: `${group.terraformResourceType}.${group.friendlyUniqueId}`,
      },
    ]);
  }
}
