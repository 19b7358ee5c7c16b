import type { Names } from "../../../config/names";

/**
 * Which events of ECS tell of what, for this cluster alone. Source: Amazon ECS Developer Guide, "Amazon ECS events"; the
 * events of deployments and services are told apart by the service's ARN, since those of deployments name no cluster.
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
        // Every job ends by its essential container, most of them well.
        { stopCode: ["EssentialContainerExited"], containers: { exitCode: [{ "anything-but": [0] }] } },
        // Of a service ECS itself tells, by the two events above; of a job it never does.
        { stopCode: ["TaskFailedToStart"], group: [{ prefix: `family:${names.jobFamily("")}` }] },
      ],
    }),
  } as const;
}
