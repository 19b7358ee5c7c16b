import { NullProvider } from "@cdktf/provider-null/lib/provider";
import type { Construct } from "constructs";
import type { Names } from "../config/names";
import type { Config } from "../config/schema";
import { placementsOf } from "../config/services/placements";
import type { Sites } from "../config/sites/nodes";
import { ImageRepositories } from "../constructs/aws/image-repositories";
import { Monitoring } from "../constructs/aws/monitoring/monitoring";
import { NodeRole } from "../constructs/aws/node-role";
import { ObservedCluster } from "../constructs/aws/observed-cluster";
import { TaskRoles, type RoleSettings } from "../constructs/aws/task-roles";
import { addAwsProvider } from "./aws-provider";
import { perInstance, StackOutputs, text, texts } from "./outputs";
import { ProjectStack } from "./project-stack";

/** The AWS resources that don't depend on nodes: the cluster, roles, logs and images. */
export class ControlPlaneStack extends ProjectStack {
  readonly outputs;

  constructor(scope: Construct, config: Config, sites: Sites) {
    super(scope, "control-plane", config);
    const { names } = this;
    addAwsProvider(this, config);
    new NullProvider(this, "null");
    const containers = containersOf(config);

    const { cluster, logGroup } = new ObservedCluster(this, "observed-cluster", {
      names,
      containers: [...containers.keys()],
      logRetentionDays: config.logRetentionDays,
    });
    const { repository } = new ImageRepositories(this, "images", names, Object.keys(config.images));
    const { execution, task } = new TaskRoles(this, "task-roles", names, containers);
    const { role } = new NodeRole(this, "node-role", names, config.aws.nodePolicy);
    if (config.monitoring.enabled) {
      new Monitoring(this, "monitoring", {
        names,
        subscribers: config.monitoring.subscribers,
        logGroup,
        containers: [...containers.keys()],
        rollouts: rolloutsOf(config, sites, names),
        hasJobs: Object.keys(config.jobs).length > 0,
      });
    }

    this.outputs = new StackOutputs(this, {
      cluster_arn: text("ARN of the ECS cluster that nodes join.", cluster.arn),
      repository_urls: perInstance("Where each image is pushed to.", repository, "repository_url"),
      execution_role_arns: perInstance(
        "Role with which ECS starts tasks, by service and job.",
        execution,
        "arn",
      ),
      task_role_arns: perInstance("Role that tasks have, by service and job.", task, "arn"),
      node_role_name: text("Role that a registered node assumes.", role.name),
      sites: texts("Sites that have nodes to register.", Object.keys(config.sites)),
      services: texts("Services that have a stack.", Object.keys(config.services)),
      has_jobs: text("Whether there is a stack of jobs.", String(Object.keys(config.jobs).length > 0)),
    });
  }
}

/** Services and jobs, as far as their roles go. */
function containersOf({ services, jobs }: Config): ReadonlyMap<string, RoleSettings> {
  return new Map<string, RoleSettings>([
    ...Object.entries(services).map(
      ([name, service]) => [name, { ...service, path: `services.${name}` }] as const,
    ),
    ...Object.entries(jobs).map(
      ([name, job]) => [name, { ...job, exec: false, path: `jobs.${name}` }] as const,
    ),
  ]);
}

/** Seconds that a roll-out may take, of each ECS service that has tasks. */
function rolloutsOf(config: Config, sites: Sites, names: Names): ReadonlyMap<string, number> {
  return new Map(
    Object.keys(config.services).flatMap((name) =>
      [...placementsOf(name, config, sites)]
        .filter(([, { desiredCount }]) => desiredCount > 0)
        .map(([site, { timeout }]) => [names.service(name, site), timeout] as const),
    ),
  );
}

/** The control plane's outputs for the stacks that build on it. */
export type ControlPlaneOutputs = ControlPlaneStack["outputs"];
