import { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { containerDefinition, type ContainerDefinitionProps } from "./container-definition";

/** Props of {@link WebTask}. */
export interface WebTaskProps extends ContainerDefinitionProps {
  readonly executionRoleArn: string;
  readonly taskRoleArn: string;
  /** What puts the image in its place. @default the image is there */
  readonly dependsOn?: ITerraformDependable[];
}

/** One container with a fixed port of its node. Source: Amazon ECS Developer Guide, "Networking with ECS Anywhere". */
export class WebTask extends Construct {
  readonly definition: EcsTaskDefinition;

  constructor(scope: Construct, id: string, props: WebTaskProps) {
    super(scope, id);
    this.definition = new EcsTaskDefinition(this, "app", {
      dependsOn: props.dependsOn,
      family: props.names.family,
      requiresCompatibilities: ["EXTERNAL"],
      networkMode: "bridge",
      executionRoleArn: props.executionRoleArn,
      taskRoleArn: props.taskRoleArn,
      containerDefinitions: JSON.stringify([containerDefinition(props)]),
      // The revision that ECS may roll back to stays ACTIVE until the service is steady on the new one.
      lifecycle: { createBeforeDestroy: true },
    });
  }
}
