import { join } from "node:path";
import type { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { Resource as NullResource } from "@cdktf/provider-null/lib/resource";
import { dependable, propertyAccess, TerraformIterator, TerraformLocal, Token } from "cdktf";
import { Construct } from "constructs";
import type { Placement } from "../../../config/services/placements";
import { awsLibrary, Script } from "../../script/script";
import { lostNodesLibrary, type ServicePlace } from "./service-place";

/** Props of {@link Rollout}. */
export interface RolloutProps {
  readonly place: ServicePlace;
  readonly service: EcsService;
  /** By site. */
  readonly taskDefinition: EcsTaskDefinition;
  /** Log group of the tasks. */
  readonly logGroup: string;
  /** By site; those that don't wait are left out. */
  readonly placements: ReadonlyMap<string, Placement>;
}

/**
 * Waits until each site runs the new revision, and fails when ECS has rolled it back or given it up. A resource of its
 * own: the provider takes a DAEMON service that has not begun for steady, reports a roll-back as a completed update or
 * in words of each version's own, and taints a service that is late, so that the next apply would replace it.
 */
export class Rollout extends Construct {
  constructor(scope: Construct, id: string, props: RolloutProps) {
    super(scope, id);
    const { place, service, taskDefinition, logGroup, placements } = props;
    const waiting = [...placements].filter(([, { waits }]) => waits);
    const rollouts = new TerraformLocal(
      this,
      "rollouts",
      Object.fromEntries(
        waiting.map(([name, { desiredCount, timeout }]) => [name, { tasks: desiredCount, timeout }]),
      ),
    );
    const site = TerraformIterator.fromMap(rollouts.asAnyMap);
    const ofService = (attribute: string) => Token.asString(propertyAccess(service, [site.key, attribute]));
    const revision = Token.asString(propertyAccess(taskDefinition, [site.key, "arn"]));
    const script = new Script(this, join(__dirname, "await-rollout.sh"));
    new NullResource(this, "rollout", {
      forEach: site,
      // Directly, so that the revision before is deregistered only when this one has come through.
      dependsOn: [taskDefinition],
      triggers: {
        SERVICE: ofService("id"),
        TASK_DEFINITION: revision,
        TASKS: site.getString("tasks"),
      },
      // Also when somebody has changed the service behind Terraform's back, and an apply mends it.
      lifecycle: { replaceTriggeredBy: [`${dependable(service)}[each.key]`] },
      provisioners: [
        {
          type: "local-exec",
          command: `bash ${script.location}`,
          environment: {
            NAME: place.name,
            SITE: site.key,
            SERVICE: ofService("name"),
            TASK_DEFINITION: revision,
            TASKS: site.getString("tasks"),
            LOG_GROUP: logGroup,
            CLUSTER: place.cluster,
            AWS_REGION: place.awsRegion,
            ACCOUNT: place.account,
            DEFAULT_TIMEOUT_SECONDS: site.getString("timeout"),
            AWS_LIBRARY: new Script(this, awsLibrary).location,
            LOST_NODES: new Script(this, lostNodesLibrary).location,
          },
        },
      ],
    });
  }
}
