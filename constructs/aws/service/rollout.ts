import { join } from "node:path";
import type { EcsService } from "@cdktf/provider-aws/lib/ecs-service";
import type { EcsTaskDefinition } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { Resource as NullResource } from "@cdktf/provider-null/lib/resource";
import { Construct } from "constructs";
import type { Names } from "../../../config/names";
import type { Placement } from "../../../config/services/placements";
import { Instances } from "../../instances";
import { AwsLibrary, Script } from "../../script/script";
import { lostNodesLibrary } from "./lost-agents";

/** Props of {@link Rollout}. */
export interface RolloutProps {
  readonly names: Names;
  readonly service: EcsService;
  /** By site. */
  readonly taskDefinition: EcsTaskDefinition;
  /** Log group of the tasks. */
  readonly logGroup: string;
  /** By site; those that don't wait are left out. */
  readonly placements: ReadonlyMap<string, Placement>;
}

/**
 * Waits until each site runs the new revision, and fails when ECS has rolled it back or given up on it. A separate
 * resource: the provider regards a DAEMON service that has not begun as steady, reports a roll-back as a completed
 * update or in words that differ by version, and taints a service that is late, so that the next apply would replace
 * it.
 */
export class Rollout extends Construct {
  readonly resource: NullResource;

  constructor(scope: Construct, id: string, props: RolloutProps) {
    super(scope, id);
    const { names, service, taskDefinition, logGroup, placements } = props;
    const waiting = [...placements].flatMap(([name, { waits, desiredCount: tasks, timeout }]) =>
      waits ? [[name, { tasks, timeout }] as const] : [],
    );
    const site = new Instances(this, "rollouts", waiting);
    const revision = site.attribute(taskDefinition, "arn");
    const script = new Script(this, join(__dirname, "await-rollout.sh"));
    this.resource = new NullResource(this, "rollout", {
      forEach: site.forEach,
      // Directly, so that the previous revision is deregistered only when this one has succeeded.
      dependsOn: [taskDefinition],
      triggers: {
        SERVICE: site.attribute(service, "id"),
        TASK_DEFINITION: revision,
        TASKS: site.get("tasks"),
      },
      // Also when somebody has changed the service outside Terraform, and an apply repairs it.
      lifecycle: { replaceTriggeredBy: [site.reference(service)] },
      provisioners: [
        script.run({
          NAME: names.deployment,
          ...names.settings,
          SITE: site.key,
          SERVICE: site.attribute(service, "name"),
          TASK_DEFINITION: revision,
          TASKS: site.get("tasks"),
          LOG_GROUP: logGroup,
          DEFAULT_TIMEOUT_SECONDS: site.get("timeout"),
          AWS_LIBRARY: new AwsLibrary(this).location,
          LOST_NODES: new Script(this, lostNodesLibrary).location,
        }),
      ],
    });
  }
}
