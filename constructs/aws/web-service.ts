import { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { TerraformIterator, TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import { nodeTags, type Names } from "../../config/names";
import type { Placement } from "../../config/placements";
import type { Application } from "../../config/schema";

/** Props of {@link WebService}. */
export interface WebServiceProps {
  readonly names: Names;
  /** Name of the deployment, which its nodes carry as an attribute. */
  readonly deployment: string;
  readonly clusterArn: string;
  readonly taskDefinition: EcsTaskDefinition;
  readonly application: Application;
  readonly placements: ReadonlyMap<string, Placement>;
}

/**
 * The application as one service per site, so that a roll-out or a lost agent of one never touches another.
 * An apply ends when every site runs the new revision, and fails when ECS has rolled one back.
 */
export class WebService extends Construct {
  readonly service: EcsService;

  constructor(scope: Construct, id: string, props: WebServiceProps) {
    super(scope, id);
    const { names, application, placements, taskDefinition } = props;
    const services = new TerraformLocal(this, "services", Object.fromEntries(placements));
    const site = TerraformIterator.fromMap(services.asAnyMap);
    this.service = new EcsService(this, "app", {
      forEach: site,
      name: names.service(site.key),
      cluster: props.clusterArn,
      taskDefinition: taskDefinition.arn,
      launchType: "EXTERNAL",
      ...(application.placement === "every-node"
        ? { schedulingStrategy: "DAEMON" }
        : { schedulingStrategy: "REPLICA", desiredCount: site.getNumber("desiredCount") }),
      deploymentMinimumHealthyPercent: site.getNumber("minimumHealthyPercent"),
      deploymentMaximumPercent: 100,
      deploymentCircuitBreaker: { enable: true, rollback: true },
      // Not supported on EXTERNAL, and ENABLED when left out.
      availabilityZoneRebalancing: "DISABLED",
      placementConstraints: [
        {
          type: "memberOf",
          expression: `attribute:${nodeTags.deployment} == ${props.deployment} and attribute:${nodeTags.site} == ${site.key}`,
        },
      ],
      enableExecuteCommand: application.exec,
      waitForSteadyState: site.getBoolean("waits"),
      timeouts: { create: "20m", update: "20m", delete: "20m" },
      lifecycle: {
        postcondition: [
          {
            // The provider reports a roll-back as a completed update.
            condition: `\${self.task_definition == ${taskDefinition.fqn}.arn}`,
            errorMessage:
              "Service ${self.name} was rolled back to ${self.task_definition}: its new tasks failed. Read why in the service's events and in log group " +
              names.containerLogs +
              ".",
          },
        ],
      },
    });
  }
}
