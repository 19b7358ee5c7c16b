import { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { Construct } from "constructs";
import type { Names } from "../../../config/names";
import type { Placement } from "../../../config/services/placements";
import type { Service } from "../../../config/services/service";
import { Instances } from "../../instances";
import { LostAgents } from "./lost-agents";
import { nodesWith } from "../node-selection";
import { Rollout } from "./rollout";
import type { ServicePlace } from "./service-place";

/** Props of {@link PlacedService}. */
export interface PlacedServiceProps {
  readonly names: Names;
  readonly place: ServicePlace;
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

  constructor(scope: Construct, id: string, props: PlacedServiceProps) {
    super(scope, id);
    const { names, place, settings, placements, taskDefinition } = props;
    const numbers = [...placements].map(([name, placement]) => [name, numbersOf(placement)] as const);
    const site = new Instances(this, "services", numbers);
    this.service = new EcsService(this, "service", {
      forEach: site.forEach,
      name: names.service(place.service, site.key),
      cluster: props.clusterArn,
      taskDefinition: site.attribute(taskDefinition, "arn"),
      launchType: "EXTERNAL",
      ...(settings.placement === "every-node"
        ? { schedulingStrategy: "DAEMON" }
        : { schedulingStrategy: "REPLICA", desiredCount: site.forEach.getNumber("desiredCount") }),
      deploymentMinimumHealthyPercent: site.forEach.getNumber("minimumHealthyPercent"),
      deploymentMaximumPercent: site.forEach.getNumber("maximumPercent"),
      deploymentCircuitBreaker: { enable: true, rollback: true },
      // Not supported on EXTERNAL, and ENABLED when left out.
      availabilityZoneRebalancing: "DISABLED",
      placementConstraints: [{ type: "memberOf", expression: nodesWith(place.name, site.key, settings.on) }],
      enableExecuteCommand: settings.exec,
      // The provider's own wait takes a DAEMON service that has not begun for steady; see Rollout.
      waitForSteadyState: false,
      timeouts: { delete: site.get("deleteTimeout") },
    });
    new Rollout(this, "rollout-wait", {
      place,
      service: this.service,
      taskDefinition,
      logGroup: names.logs(place.service),
      placements,
    });
    new LostAgents(this, "lost-agents-end", { place, service: this.service, sites: site });
  }
}

/** What of a placement a service is made with. */
function numbersOf({ desiredCount, minimumHealthyPercent, maximumPercent, deleteTimeout }: Placement) {
  return { desiredCount, minimumHealthyPercent, maximumPercent, deleteTimeout: `${deleteTimeout}s` };
}
