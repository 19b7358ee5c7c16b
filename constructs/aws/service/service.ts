import { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import type { TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { nodesWith, type Names } from "../../../config/names";
import type { Placement } from "../../../config/services/placements";
import { schedulingOf, type Service } from "../../../config/services/service";
import { Instances } from "../../instances";
import { LostAgents } from "./lost-agents";
import { Rollout } from "./rollout";

/** Props of {@link PlacedService}. */
export interface PlacedServiceProps {
  readonly names: Names;
  /** Name of the service in the config. */
  readonly name: string;
  readonly clusterArn: string;
  /** By site. */
  readonly taskDefinition: EcsTaskDefinition;
  readonly settings: Service;
  readonly placements: ReadonlyMap<string, Placement>;
}

/**
 * A service as one ECS service per site, so that a roll-out or a lost agent of one never touches another. An apply
 * ends when every site runs the new revision, and fails when ECS has rolled one back.
 */
export class PlacedService extends Construct {
  readonly service: EcsService;
  /** The proof that the new revision runs everywhere. */
  readonly rollout: TerraformResource;

  constructor(scope: Construct, id: string, props: PlacedServiceProps) {
    super(scope, id);
    const { names, name, settings, placements, taskDefinition } = props;
    const numbers = [...placements].map(([name, placement]) => [name, numbersOf(placement)] as const);
    const site = new Instances(this, "services", numbers);
    this.service = new EcsService(this, "service", {
      forEach: site.forEach,
      name: names.service(name, site.key),
      cluster: props.clusterArn,
      taskDefinition: site.attribute(taskDefinition, "arn"),
      launchType: "EXTERNAL",
      schedulingStrategy: schedulingOf(settings),
      desiredCount: settings.placement === "every-node" ? undefined : site.forEach.getNumber("desiredCount"),
      deploymentMinimumHealthyPercent: site.forEach.getNumber("minimumHealthyPercent"),
      deploymentMaximumPercent: site.forEach.getNumber("maximumPercent"),
      deploymentCircuitBreaker: { enable: true, rollback: true },
      // Not supported on EXTERNAL, and ENABLED when left out.
      availabilityZoneRebalancing: "DISABLED",
      placementConstraints: [{ type: "memberOf", expression: nodesWith(names, site.key, settings.on) }],
      enableExecuteCommand: settings.exec,
      // The provider's own wait regards a DAEMON service that has not begun as steady; see Rollout.
      waitForSteadyState: false,
      timeouts: { delete: site.get("deleteTimeout") },
    });
    this.rollout = new Rollout(this, "rollout-wait", {
      names,
      service: this.service,
      taskDefinition,
      logGroup: names.logs(name),
      placements,
    }).resource;
    new LostAgents(this, "lost-agents-end", names, this.service, site);
  }
}

/** The parts of a placement that a service is created with. */
function numbersOf({ desiredCount, minimumHealthyPercent, maximumPercent, deleteTimeout }: Placement) {
  return { desiredCount, minimumHealthyPercent, maximumPercent, deleteTimeout: `${deleteTimeout}s` };
}
