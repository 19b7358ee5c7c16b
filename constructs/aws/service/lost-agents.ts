import { join } from "node:path";
import type { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import { Resource as NullResource } from "@cdktf/provider-null/lib/resource";
import { Construct } from "constructs";
import type { Names } from "../../../config/names";
import type { Instances } from "../../instances";
import { rememberedBy } from "../../script/remembered";
import { AwsLibrary, Script } from "../../script/script";

/** The library with which scripts find nodes whose agent is lost: their setting `LOST_NODES`. */
export const lostNodesLibrary = join(__dirname, "lost-nodes.sh");

/**
 * Before a site's service is deleted, takes out of ECS the nodes that can't end tasks any more: ECS would wait for them
 * for ever, and neither the service nor, after it, a droplet would ever be deleted.
 */
export class LostAgents extends Construct {
  /** @param sites those that have a service */
  constructor(scope: Construct, id: string, names: Names, service: EcsService, sites: Instances) {
    super(scope, id);
    const settings = { NAME: names.deployment, SITE: sites.key, ...names.settings };
    const script = new Script(this, join(__dirname, "lost-agents.sh"));
    new NullResource(this, "lost_agents", {
      forEach: sites.forEach,
      // Replaced with its service, which depends on nothing here: destroyed before it.
      triggers: { ...settings, SERVICE: sites.attribute(service, "id") },
      provisioners: [
        script.run(
          {
            ...rememberedBy("self", Object.keys(settings)),
            AWS_LIBRARY: new AwsLibrary(this).location,
            LOST_NODES: new Script(this, lostNodesLibrary).location,
          },
          "destroy",
        ),
      ],
      lifecycle: { ignoreChanges: Object.keys(settings).map((name) => `triggers["${name}"]`) },
    });
  }
}
