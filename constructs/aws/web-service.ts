import { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { TerraformIterator, TerraformLocal } from "cdktf";
import { Construct } from "constructs";
import { nodeTags, type Names } from "../../config/names";
import type { Placement } from "../../config/placements";
import type { Application } from "../../config/schema";
import { LostAgents } from "./lost-agents";
import { Rollout } from "./rollout";
import type { ServicePlace } from "./service-place";

/** Props of {@link WebService}. */
export interface WebServiceProps {
  readonly names: Names;
  readonly place: ServicePlace;
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
    const { names, place, application, placements, taskDefinition } = props;
    const services = new TerraformLocal(
      this,
      "services",
      Object.fromEntries([...placements].map(([name, placement]) => [name, settingsOf(placement)])),
    );
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
          expression: `attribute:${nodeTags.deployment} == ${place.name} and attribute:${nodeTags.site} == ${site.key}`,
        },
      ],
      enableExecuteCommand: application.exec,
      // The provider's own wait takes a DAEMON service that has not begun for steady; see Rollout.
      waitForSteadyState: false,
      timeouts: { delete: site.getString("deleteTimeout") },
    });
    new Rollout(this, "rollout-wait", {
      place,
      service: this.service,
      taskDefinition,
      logGroup: names.containerLogs,
      placements,
    });
    new LostAgents(this, "lost-agents-end", { place, service: this.service, sites: site });
  }
}

/** What of a placement a service is made with. */
function settingsOf({ desiredCount, minimumHealthyPercent, deleteTimeout }: Placement) {
  return { desiredCount, minimumHealthyPercent, deleteTimeout: `${deleteTimeout}s` };
}
