import type * as Ecs from "@aws-sdk/client-ecs";

import { ApiError } from "../../protocol/api-error";
import { lastPart } from "../../protocol/arns";
import { lookUp } from "../../protocol/look-up";
import type { Context } from "../../context";
import { operation, type Operations } from "../../protocol/operation";
import { ecsPage } from "../../protocol/paging";
import { describeRollout } from "./service-description";
import { requireService } from "./services";
import type { EcsService, ServiceDeployment } from "../../state";

function clusterArn({ world }: Context, { clusterName }: EcsService): string | undefined {
  return world.aws.clusters.get(clusterName)?.arn;
}

/** The revision's id is the deployment's without `ecs-svc/`. */
function revisionArn(service: EcsService, deploymentId: string): string {
  return `${service.arn.replace(":service/", ":service-revision/")}/${lastPart(deploymentId)}`;
}

function listServiceDeployments(
  context: Context,
  input: Ecs.ListServiceDeploymentsRequest,
): Ecs.ListServiceDeploymentsResponse {
  const service = requireService(context, input.cluster, input.service);
  const wanted = service.serviceDeployments
    .filter(({ status }) => input.status === undefined || input.status.includes(status))
    .map((record) => summarise(context, service, record));
  const page = ecsPage(context, wanted, input);
  return { serviceDeployments: page.items, nextToken: page.nextToken };
}

function summarise(
  context: Context,
  service: EcsService,
  record: ServiceDeployment,
): Ecs.ServiceDeploymentBrief {
  return {
    serviceDeploymentArn: record.arn,
    serviceArn: service.arn,
    clusterArn: clusterArn(context, service),
    createdAt: new Date(record.createdAt),
    startedAt: new Date(record.createdAt),
    finishedAt: record.finishedAt === undefined ? undefined : new Date(record.finishedAt),
    targetServiceRevisionArn: revisionArn(service, record.deploymentId),
    status: record.status,
    statusReason: record.statusReason,
  };
}

function describeServiceDeployments(
  context: Context,
  { serviceDeploymentArns = [] }: Ecs.DescribeServiceDeploymentsRequest,
): Ecs.DescribeServiceDeploymentsResponse {
  const { found, failures } = named(context, serviceDeploymentArns, ({ record }) => record.arn);
  return {
    serviceDeployments: found.map(({ service, record }) => describe(context, service, record)),
    failures,
  };
}

interface Rollout {
  readonly service: EcsService;
  readonly record: ServiceDeployment;
}

/** The roll-outs that a request names by these ARNs, of themselves or of what they have. */
function named({ world }: Context, arns: readonly string[], arnOf: (rollout: Rollout) => string) {
  const all = [...world.aws.services.values()].flatMap((service) =>
    service.serviceDeployments.map((record) => ({ service, record })),
  );
  return lookUp(
    arns,
    (arn) => all.find((rollout) => arnOf(rollout) === arn),
    (arn) => arn,
  );
}

/** How many revisions one request may name. Source: Amazon ECS API Reference, DescribeServiceRevisions. */
const mostRevisions = 20;

function describeServiceRevisions(
  context: Context,
  { serviceRevisionArns = [] }: Ecs.DescribeServiceRevisionsRequest,
): Ecs.DescribeServiceRevisionsResponse {
  if (serviceRevisionArns.length > mostRevisions) {
    throw new ApiError(
      "InvalidParameterException",
      `At most ${mostRevisions} service revisions can be described.`,
    );
  }
  const arnOf = ({ service, record }: Rollout) => revisionArn(service, record.deploymentId);
  const { found, failures } = named(context, serviceRevisionArns, arnOf);
  return {
    serviceRevisions: found.map((rollout) => ({
      serviceRevisionArn: arnOf(rollout),
      serviceArn: rollout.service.arn,
      clusterArn: clusterArn(context, rollout.service),
      taskDefinition: rollout.record.taskDefinitionArn,
      createdAt: new Date(rollout.record.createdAt),
    })),
    failures,
  };
}

function describe(context: Context, service: EcsService, record: ServiceDeployment): Ecs.ServiceDeployment {
  const deployment = service.deployments.find(({ id }) => id === record.deploymentId);
  const tasks = [...context.world.aws.tasks.values()].filter(
    ({ startedBy, lastStatus }) => startedBy === record.deploymentId && lastStatus !== "STOPPED",
  );
  const running = tasks.filter(({ lastStatus }) => lastStatus === "RUNNING").length;
  const { rollback } = record;
  const { targetServiceRevisionArn, ...brief } = summarise(context, service, record);
  return {
    ...brief,
    updatedAt: new Date(record.updatedAt),
    sourceServiceRevisions: [],
    targetServiceRevision: {
      arn: targetServiceRevisionArn,
      requestedTaskCount: deployment?.desiredCount ?? 0,
      runningTaskCount: running,
      pendingTaskCount: tasks.length - running,
    },
    rollback: rollback && {
      reason: rollback.reason,
      startedAt: new Date(rollback.startedAt),
      serviceRevisionArn: revisionArn(service, rollback.deploymentId),
    },
    deploymentConfiguration: describeRollout(service),
  };
}

export const serviceDeploymentOperations: Operations = {
  ListServiceDeployments: operation("cluster service status nextToken maxResults", listServiceDeployments),
  DescribeServiceDeployments: operation("serviceDeploymentArns", describeServiceDeployments),
  DescribeServiceRevisions: operation("serviceRevisionArns", describeServiceRevisions),
};
