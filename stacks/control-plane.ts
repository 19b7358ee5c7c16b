import type { Construct } from "constructs";
import { nodesOf } from "../config/nodes";
import type { Config, Site } from "../config/schema";
import { ImageRepository } from "../constructs/aws/image-repository";
import { NodeRole } from "../constructs/aws/node-role";
import { ObservedCluster } from "../constructs/aws/observed-cluster";
import { TaskRoles } from "../constructs/aws/task-roles";
import { Activations, type ActivatedNode } from "../constructs/node/activations";
import { addAwsProvider } from "./aws-provider";
import { perInstance, secretPerInstance, StackOutputs, text, texts } from "./outputs";
import { ProjectStack } from "./project-stack";

/** A droplet uses its activation minutes after it was made; the rest is for plans that wait for an approval. */
const dropletHours = 24;

/** What AWS holds: the cluster, its roles, logs and images, and an activation for each node of every site. */
export class ControlPlaneStack extends ProjectStack {
  readonly outputs;

  constructor(scope: Construct, config: Config) {
    super(scope, "control-plane", config);
    const { names } = this;
    const { accountId: account, nodePolicy } = config.aws;
    const { secrets, exec } = config.application;
    addAwsProvider(this, config);

    const { cluster } = new ObservedCluster(this, "observed-cluster", {
      names,
      logRetentionDays: config.logRetentionDays,
    });
    const { repository } = new ImageRepository(this, "images", { name: names.repository });
    const { execution, task } = new TaskRoles(this, "task-roles", { names, account, secrets, exec });
    const { role, policies } = new NodeRole(this, "node-role", { names, account, nodePolicy });
    const { activation } = new Activations(this, "activations", {
      deployment: config.name,
      roleName: role.name,
      dependsOn: policies,
      nodes: Object.entries(config.sites).flatMap(([name, site]) => activatedNodes(config.name, name, site)),
    });

    this.outputs = new StackOutputs(this, {
      cluster_arn: text("ARN of the ECS cluster that nodes join.", cluster.arn),
      repository_url: text("Where the application's images are pushed to.", repository.repositoryUrl),
      execution_role_arn: text("Role with which ECS starts tasks.", execution.arn),
      task_role_arn: text("Role of the application.", task.arn),
      sites: texts("Sites that have nodes to register.", Object.keys(config.sites)),
      activation_ids: perInstance("Id of each node's activation, by site/node.", activation, "id"),
      activation_codes: secretPerInstance(
        "Code of each node's activation, by site/node.",
        activation,
        "activation_code",
      ),
    });
  }
}

/** What the control plane tells the stacks that build on it. */
export type ControlPlaneOutputs = ControlPlaneStack["outputs"];

function activatedNodes(deployment: string, siteName: string, site: Site): ActivatedNode[] {
  const hours = site.kind === "on-premises" ? site.activationDays * 24 : dropletHours;
  return [...nodesOf({ deployment, site: siteName }, site)].map(([node, { generation, activation }]) => ({
    site: siteName,
    node,
    generation,
    key: activation,
    hours,
  }));
}
