import { ecsArn } from "../../protocol/arns";
import { deploymentId, derivedHex, derivedUuid } from "../../protocol/identifiers";
import type { Context } from "../../context";
import type { Deployment, EcsService, ServiceDeployment, Task } from "../../state";

/** Tasks of a service, stopped ones included. */
export function tasksOf({ world }: Context, service: EcsService): Task[] {
  return [...world.aws.tasks.values()].filter(
    ({ group, clusterName }) => group === `service:${service.name}` && clusterName === service.clusterName,
  );
}

/** The deployment that the service is moving to, or is on. */
export function primaryOf(service: EcsService): Deployment | undefined {
  return service.deployments.find(({ status }) => status === "PRIMARY");
}

/** Makes this revision the service's target: a new primary deployment, which older ones give way to. */
export function startDeployment(context: Context, service: EcsService, taskDefinitionArn: string): void {
  for (const older of service.deployments) {
    older.status = "ACTIVE";
  }
  for (const older of service.serviceDeployments.filter(({ finishedAt }) => finishedAt === undefined)) {
    finish(context, older, "STOPPED", "Service deployment was replaced by a newer one.");
  }
  const id = deploymentId(service.arn, taskDefinitionArn, context.now, service.serviceDeployments.length);
  const deployment: Deployment = {
    id,
    taskDefinitionArn,
    status: "PRIMARY",
    rolloutState: "IN_PROGRESS",
    rolloutStateReason: `ECS deployment ${id} in progress.`,
    desiredCount: 0,
    failedTasks: 0,
    createdAt: context.now,
    updatedAt: context.now,
  };
  const record: ServiceDeployment = {
    arn: ecsArn(context, `service-deployment/${service.clusterName}/${service.name}/${derivedHex(21, id)}`),
    deploymentId: id,
    taskDefinitionArn,
    status: "IN_PROGRESS",
    statusReason: undefined,
    createdAt: context.now,
    updatedAt: context.now,
    finishedAt: undefined,
    rollback: undefined,
  };
  service.taskDefinitionArn = taskDefinitionArn;
  service.deployments.unshift(deployment);
  service.serviceDeployments.unshift(record);
}

/** Ends the record of a roll-out. */
export function finish(
  { now }: Context,
  record: ServiceDeployment,
  status: ServiceDeployment["status"],
  reason: string | undefined,
): void {
  record.status = status;
  record.statusReason = reason;
  record.updatedAt = now;
  record.finishedAt = now;
}

/** Adds a line to the service's events, which keep the newest hundred. */
export function addEvent({ now }: Context, service: EcsService, message: string): void {
  const id = derivedUuid(service.arn, now, service.events.length, service.events[0]?.id ?? "", message);
  service.events.unshift({ id, createdAt: now, message: `(service ${service.name}) ${message}` });
  service.events.splice(100);
}
