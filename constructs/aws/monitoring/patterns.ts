import type { Names } from "../../../config/names";

/**
 * Patterns of ECS's events for each alert, for this cluster only. Source: Amazon ECS Developer Guide, "Amazon ECS
 * events"; the events of deployments and services are selected by the service's ARN, since those of deployments name no
 * cluster.
 */
export function eventPatterns(names: Names) {
  const ofServices = (detailType: string, eventName: string) => ({
    source: ["aws.ecs"],
    "detail-type": [detailType],
    resources: [{ prefix: `${names.arn("ecs", `service/${names.cluster}`)}/` }],
    detail: { eventName: [eventName] },
  });
  const ofCluster = (detailType: string, detail: object) => ({
    source: ["aws.ecs"],
    "detail-type": [detailType],
    detail: { clusterArn: [names.clusterArn], ...detail },
  });
  return {
    // An agent that is being deregistered is no longer connected either: by then its instance is INACTIVE.
    "agent-lost": ofCluster("ECS Container Instance State Change", {
      agentConnected: [false],
      status: ["ACTIVE", "DRAINING"],
    }),
    "deployment-failed": ofServices("ECS Deployment State Change", "SERVICE_DEPLOYMENT_FAILED"),
    "start-impaired": ofServices("ECS Service Action", "SERVICE_TASK_START_IMPAIRED"),
    "placement-failed": ofServices("ECS Service Action", "SERVICE_TASK_PLACEMENT_FAILURE"),
    "container-failed": ofCluster("ECS Task State Change", {
      lastStatus: ["STOPPED"],
      $or: [
        // Every job's task stops when its essential container exits, mostly with success.
        { stopCode: ["EssentialContainerExited"], containers: { exitCode: [{ "anything-but": [0] }] } },
        // ECS itself reports a service with the two events above, and a job never.
        { stopCode: ["TaskFailedToStart"], group: [{ prefix: `family:${names.jobFamily("")}` }] },
      ],
    }),
  } as const;
}
