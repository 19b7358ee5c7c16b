import type {
  ContainerOverride,
  Tag as EcsTag,
  TaskDefinition as EcsTaskDefinition,
} from "@aws-sdk/client-ecs";
import type { Tag as SsmTag } from "@aws-sdk/client-ssm";
import type { ContainerReport, Health } from "../machines";

/** A hybrid activation. */
export interface Activation {
  readonly id: string;
  readonly code: string;
  readonly iamRole: string;
  readonly description: string;
  readonly defaultInstanceName: string;
  readonly registrationLimit: number;
  /** How many machines have used it. */
  registrations: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  expiresAt: number;
  tags: SsmTag[];
  /** Milliseconds until a machine that registers has the tags; infinite for never. */
  tagDelay: number;
  /** A deleted activation is kept, since its machines remember it; no operation lists it. */
  deleted: boolean;
}

/** A machine that is registered with Systems Manager. */
export interface ManagedInstance {
  /** `mi-` and 17 hexadecimal digits. */
  readonly id: string;
  readonly activationId: string;
  readonly iamRole: string;
  readonly name: string;
  readonly computerName: string;
  readonly ipAddress: string;
  readonly platform: { readonly name: string; readonly version: string };
  readonly agentVersion: string;
  readonly registeredAt: number;
  /** When its agent last called; decides the ping status. */
  lastPingAt: number;
  tags: SsmTag[];
  /** Tags of its activation that it does not have yet, and when it gets them. */
  tagsToCome: { readonly tags: readonly SsmTag[]; readonly at: number } | undefined;
}

export interface EcsCluster {
  readonly name: string;
  readonly arn: string;
  status: "ACTIVE" | "INACTIVE";
  settings: { name: string; value: string }[];
  configuration: object | undefined;
  tags: EcsTag[];
}

/** A machine that is registered with a cluster. */
export interface ContainerInstance {
  readonly arn: string;
  readonly clusterName: string;
  /** The managed instance's id: ECS calls it `ec2InstanceId`. */
  readonly managedInstanceId: string;
  status: "REGISTERING" | "ACTIVE" | "DRAINING" | "INACTIVE";
  /** When its agent last polled, 0 after a disconnect; decides `agentConnected`. */
  lastPollAt: number;
  readonly registeredAt: number;
  readonly attributes: { name: string; value?: string }[];
  readonly resources: { readonly cpuUnits: number; readonly memoryMiB: number };
  readonly agentVersion: string;
  readonly dockerVersion: string;
  tags: EcsTag[];
}

export interface TaskDefinition {
  readonly definition: EcsTaskDefinition & {
    readonly taskDefinitionArn: string;
    readonly family: string;
    readonly revision: number;
  };
  status: "ACTIVE" | "INACTIVE" | "DELETE_IN_PROGRESS";
  tags: EcsTag[];
}

/** Containers that run, or should run, together. */
export interface Task {
  readonly arn: string;
  readonly clusterName: string;
  readonly taskDefinitionArn: string;
  /** `service:NAME` or `family:NAME`. */
  readonly group: string;
  /** Deployment id of a service's task, or whoever ran it. */
  readonly startedBy: string;
  /** Of the RunTask that asked for it. */
  readonly clientToken: string | undefined;
  /** The overrides of its definition. */
  readonly overrides?: readonly ContainerOverride[];
  /** Whether commands may be run in its containers. */
  readonly enableExecuteCommand: boolean;
  readonly containerInstanceArn: string;
  lastStatus: "PENDING" | "RUNNING" | "STOPPED";
  desiredStatus: "RUNNING" | "STOPPED";
  health: Health;
  /** As its agent has them; empty before. */
  containers: readonly ContainerReport[];
  readonly createdAt: number;
  startedAt: number | undefined;
  stoppingAt: number | undefined;
  stoppedAt: number | undefined;
  stoppedReason: string | undefined;
  stopCode: string | undefined;
  tags: EcsTag[];
}

/** One roll-out of a service: a task definition on its way to every placement. */
export interface Deployment {
  readonly id: string;
  readonly taskDefinitionArn: string;
  status: "PRIMARY" | "ACTIVE" | "INACTIVE";
  rolloutState: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  rolloutStateReason: string;
  desiredCount: number;
  failedTasks: number;
  readonly createdAt: number;
  updatedAt: number;
}

/** The newer API's record of a roll-out, kept when the deployment itself is gone. */
export interface ServiceDeployment {
  readonly arn: string;
  /** The deployment that it is about. */
  readonly deploymentId: string;
  readonly taskDefinitionArn: string;
  status:
    | "IN_PROGRESS"
    | "SUCCESSFUL"
    | "STOPPED"
    | "ROLLBACK_IN_PROGRESS"
    | "ROLLBACK_SUCCESSFUL"
    | "ROLLBACK_FAILED";
  statusReason: string | undefined;
  readonly createdAt: number;
  updatedAt: number;
  finishedAt: number | undefined;
  /** The deployment that it went back to. */
  rollback:
    { readonly reason: string; readonly startedAt: number; readonly deploymentId: string } | undefined;
}

export interface EcsService {
  readonly arn: string;
  readonly name: string;
  readonly clusterName: string;
  status: "ACTIVE" | "DRAINING" | "INACTIVE";
  readonly schedulingStrategy: "REPLICA" | "DAEMON";
  /** As configured; for a DAEMON service it follows from the instances. */
  desiredCount: number;
  taskDefinitionArn: string;
  minimumHealthyPercent: number;
  maximumPercent: number;
  circuitBreaker: { enable: boolean; rollback: boolean };
  placementConstraints: { type: string; expression?: string }[];
  placementStrategy: { type: string; field?: string }[];
  enableExecuteCommand: boolean;
  enableEcsManagedTags: boolean;
  propagateTags: string;
  availabilityZoneRebalancing: string;
  /** Newest first. */
  deployments: Deployment[];
  /** Newest first. */
  serviceDeployments: ServiceDeployment[];
  /** Newest first, at most 100. */
  events: { readonly id: string; readonly createdAt: number; readonly message: string }[];
  readonly createdAt: number;
  tags: EcsTag[];
}
