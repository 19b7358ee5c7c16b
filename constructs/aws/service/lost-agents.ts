import { join } from "node:path";
import type { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import { Resource as NullResource } from "@cdktf/provider-null/lib/resource";
import { Construct } from "constructs";
import type { Instances } from "../../instances";
import { rememberedBy } from "../../script/remembered";
import { awsLibrary, Script } from "../../script/script";
import { lostNodesLibrary, type ServicePlace } from "./service-place";

/** Props of {@link LostAgents}. */
export interface LostAgentsProps {
  readonly place: ServicePlace;
  readonly service: EcsService;
  /** The sites that have a service. */
  readonly sites: Instances;
}

/**
 * Before a site's service goes, takes nodes out of ECS that can end no task any more: ECS would wait for them for
 * ever, and neither the service nor, after it, a droplet would ever go.
 */
export class LostAgents extends Construct {
  constructor(scope: Construct, id: string, { place, service, sites }: LostAgentsProps) {
    super(scope, id);
    const settings = {
      NAME: place.name,
      SITE: sites.key,
      CLUSTER: place.cluster,
      AWS_REGION: place.awsRegion,
      ACCOUNT: place.account,
    };
    const script = new Script(this, join(__dirname, "lost-agents.sh"));
    new NullResource(this, "lost_agents", {
      forEach: sites.forEach,
      // Replaced with its service, which depends on nothing here: destroyed before it.
      triggers: { ...settings, SERVICE: sites.attribute(service, "id") },
      provisioners: [
        script.run(
          {
            ...rememberedBy("self", Object.keys(settings)),
            AWS_LIBRARY: new Script(this, awsLibrary).location,
            LOST_NODES: new Script(this, lostNodesLibrary).location,
          },
          "destroy",
        ),
      ],
      lifecycle: { ignoreChanges: Object.keys(settings).map((name) => `triggers["${name}"]`) },
    });
  }
}
