import { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { Instances } from "../../instances";
import type { HostVolume } from "./containers";

/** The parts of a task definition. */
export interface TaskDefinition {
  readonly family: string;
  readonly containers: readonly object[];
  readonly executionRoleArn: string;
  readonly taskRoleArn: string;
  readonly volumes: readonly HostVolume[];
}

/** Nodes outside AWS. Source: Amazon ECS Developer Guide, "Networking with ECS Anywhere". */
const everywhere = { networkMode: "bridge", requiresCompatibilities: ["EXTERNAL"] };

/** A task definition as Terraform registers it, apart from its tags. */
export function registrationOf({ containers, volumes, ...definition }: TaskDefinition): object {
  return {
    ...definition,
    ...everywhere,
    containerDefinitions: containers,
    volumes: volumes.map(({ name, hostPath }) => ({ name, host: { sourcePath: hostPath } })),
  };
}

/** Props of {@link TaskDefinitions}. */
export interface TaskDefinitionsProps {
  /** Name of the resource. */
  readonly address: string;
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  /** The resource that pushes the images. */
  readonly dependsOn: ITerraformDependable[];
}

/** Task definitions for nodes outside AWS, by name. */
export class TaskDefinitions extends Construct {
  readonly resource: EcsTaskDefinition;

  constructor(scope: Construct, id: string, { address, definitions, dependsOn }: TaskDefinitionsProps) {
    super(scope, id);
    const values = [...definitions].map(([name, { containers, volumes, ...definition }]) => {
      const folders = Object.fromEntries(volumes.map((volume) => [volume.name, volume.hostPath]));
      return [name, { ...definition, containers: JSON.stringify(containers), volumes: folders }] as const;
    });
    const each = new Instances(this, `${address}_definitions`, values);
    this.resource = new EcsTaskDefinition(this, address, {
      forEach: each.forEach,
      dependsOn: dependsOn.length === 0 ? undefined : dependsOn,
      family: each.get("family"),
      ...everywhere,
      executionRoleArn: each.get("executionRoleArn"),
      taskRoleArn: each.get("taskRoleArn"),
      containerDefinitions: each.get("containers"),
      // The revision that ECS may roll back to stays ACTIVE until the service is steady on the new one.
      lifecycle: { createBeforeDestroy: true },
    });
    if ([...definitions.values()].some(({ volumes }) => volumes.length > 0)) {
      this.resource.addOverride("dynamic.volume", {
        for_each: "${each.value.volumes}",
        content: { name: "${volume.key}", host_path: "${volume.value}" },
      });
    }
  }
}
