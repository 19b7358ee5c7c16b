import { NullProvider } from "@cdktf/provider-null/lib/provider";
import type { Construct } from "constructs";
import type { Config } from "../config/schema";
import { ImageRepository } from "../constructs/aws/image-repository";
import { NodeRole } from "../constructs/aws/node-role";
import { ObservedCluster } from "../constructs/aws/observed-cluster";
import { TaskRoles } from "../constructs/aws/task-roles";
import { addAwsProvider } from "./aws-provider";
import { StackOutputs, text, texts } from "./outputs";
import { ProjectStack } from "./project-stack";

/** What AWS holds whatever nodes there are: the cluster, its roles, logs and images. */
export class ControlPlaneStack extends ProjectStack {
  readonly outputs;

  constructor(scope: Construct, config: Config) {
    super(scope, "control-plane", config);
    const { names } = this;
    const { accountId: account, region: awsRegion, nodePolicy } = config.aws;
    const { secrets, secretKeys, exec } = config.application;
    addAwsProvider(this, config);
    new NullProvider(this, "null");

    const { cluster } = new ObservedCluster(this, "observed-cluster", {
      names,
      logRetentionDays: config.logRetentionDays,
      awsRegion,
      account,
    });
    const { repository } = new ImageRepository(this, "images", { name: names.repository });
    const { execution, task } = new TaskRoles(this, "task-roles", {
      names,
      account,
      secrets,
      secretKeys,
      exec,
    });
    const { role } = new NodeRole(this, "node-role", { names, account, nodePolicy });

    this.outputs = new StackOutputs(this, {
      cluster_arn: text("ARN of the ECS cluster that nodes join.", cluster.arn),
      repository_url: text("Where the application's images are pushed to.", repository.repositoryUrl),
      execution_role_arn: text("Role with which ECS starts tasks.", execution.arn),
      task_role_arn: text("Role of the application.", task.arn),
      node_role_name: text("Role that a registered node assumes.", role.name),
      sites: texts("Sites that have nodes to register.", Object.keys(config.sites)),
    });
  }
}

/** What the control plane tells the stacks that build on it. */
export type ControlPlaneOutputs = ControlPlaneStack["outputs"];
