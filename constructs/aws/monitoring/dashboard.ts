import { CloudwatchDashboard } from "@cdktf/provider-aws/lib/cloudwatch-dashboard";
import type { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { CloudwatchLogMetricFilter } from "@cdktf/provider-aws/lib/cloudwatch-log-metric-filter";
import { TerraformIterator } from "cdktf";
import { Construct } from "constructs";
import type { Names } from "../../../config/names";

/** Props of {@link Dashboard}. */
export interface DashboardProps {
  readonly names: Names;
  /** Log groups of services and jobs, by name. */
  readonly logGroup: CloudwatchLogGroup;
  /** Services and jobs. */
  readonly containers: readonly string[];
}

/** Words that make a line of a log an error. Source: CloudWatch Logs User Guide, "Filter pattern syntax". */
const errors = [
  ...["ERROR", "Error:", "FATAL", "CRITICAL", "Exception", "Traceback", "panic:"],
  ...["level=error", '"level":"error"'],
];

/** CloudWatch rejects a dashboard that has a widget without metrics. */
const errorsOf = ({ errorMetrics }: Names, containers: readonly string[]) => ({
  title: "Errors in logs",
  stat: "Sum",
  metrics: containers.map((name) => [errorMetrics, name]),
});

/** Tasks, CPU, memory and errors of every service, each in one widget. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { names, logGroup, containers }: DashboardProps) {
    super(scope, id);
    new CloudwatchLogMetricFilter(this, "errors", {
      forEach: TerraformIterator.fromResources(logGroup),
      name: "errors",
      logGroupName: "${each.value.name}",
      pattern: errors.map((word) => `?${JSON.stringify(word)}`).join(" "),
      metricTransformation: {
        namespace: names.errorMetrics,
        name: "${each.key}",
        value: "1",
        defaultValue: "0",
        unit: "Count",
      },
    });

    // A search finds the services as they come and go.
    const found = (label: string, metric: string) => [
      {
        expression: `SEARCH('{ECS/ContainerInsights,ClusterName,ServiceName} ClusterName="${names.cluster}" MetricName="${metric}"', 'Average', 60)`,
        label,
      },
    ];
    const pictures = [
      {
        title: "Tasks: running and desired",
        metrics: [found("running", "RunningTaskCount"), found("desired", "DesiredTaskCount")],
      },
      ...(containers.length === 0 ? [] : [errorsOf(names, containers)]),
      { title: "CPU units in use; 1024 are a vCPU", metrics: [found("CPU", "CpuUtilized")] },
      { title: "Memory in use, in MB", metrics: [found("memory", "MemoryUtilized")] },
    ];
    new CloudwatchDashboard(this, "services", {
      dashboardName: names.dashboard,
      dashboardBody: JSON.stringify({
        widgets: pictures.map((picture, index) => ({
          type: "metric",
          x: (index % 2) * 12,
          y: Math.floor(index / 2) * 8,
          width: 12,
          height: 8,
          properties: {
            view: "timeSeries",
            region: names.awsRegion,
            period: 60,
            yAxis: { left: { min: 0 } },
            ...picture,
          },
        })),
      }),
    });
  }
}
