import type { Construct } from "constructs";
import { loadBalancerAt } from "../config/services/entrances";
import { placementsOf } from "../config/services/placements";
import { relianceOn } from "../config/services/handover";
import { rollbacksVariable, type Rollback } from "../config/rollbacks";
import { schedulingOf, type Service } from "../config/services/service";
import type { Sites } from "../config/sites/nodes";
import {
  oneOffContainers,
  serviceContainers,
  type ContainerProps,
} from "../constructs/aws/service/containers";
import { PlacedService } from "../constructs/aws/service/service";
import { TaskDefinitions } from "../constructs/aws/service/task-definitions";
import { emptyOnceMade, perInstance, StackOutputs, text } from "./outputs";
import { TaskStack, type TaskStackProps } from "./task-stack";

/** Props of {@link ServiceStack}. */
export interface ServiceStackProps extends TaskStackProps {
  readonly name: string;
  readonly service: Service;
  /** The earlier image that it runs; undefined for the present one. */
  readonly rollback: Rollback | undefined;
  readonly sites: Sites;
}

/** One service, on the nodes of its sites: what users deploy every day. */
export class ServiceStack extends TaskStack {
  constructor(scope: Construct, props: ServiceStackProps) {
    const { name, service, rollback, sites } = props;
    super(scope, `service-${name}`, props, [service]);
    const { names } = this;

    const image =
      rollback === undefined
        ? this.addImage(service.image, "image")
        : this.earlierImage(service.image, rollback.tag);
    const placements = placementsOf(name, props.config, sites);
    const define = (
      address: string,
      familyAt: (service: string, site: string) => string,
      containersOf: typeof serviceContainers,
    ) => {
      const definitions = [...placements.keys()].map((site) => {
        const family = familyAt(name, site);
        const behindLoadBalancer = loadBalancerAt(service, sites, site) !== undefined;
        const containers = (settings: Service, props: ContainerProps) =>
          containersOf(settings, { ...props, behindLoadBalancer });
        return [
          site,
          this.define({ name, family, settings: service, site, image: image.uri, containers }),
        ] as const;
      });
      const dependsOn = [...image.dependsOn];
      return new TaskDefinitions(this, `${address}-definitions`, {
        address,
        definitions: new Map(definitions),
        dependsOn,
      }).resource;
    };
    const taskDefinition = define("task", names.family, serviceContainers);
    // RunTask can't override ports: a task that is run by hand needs a definition without them.
    const oneOff =
      service.http === undefined ? taskDefinition : define("one_off", names.oneOffFamily, oneOffContainers);
    const placed = new PlacedService(this, "placed", {
      names,
      name,
      clusterArn: this.shared.cluster_arn,
      taskDefinition,
      settings: service,
      placements,
    });

    const { http } = service;
    const reliance = http && relianceOn(http);
    new StackOutputs(this, {
      services: perInstance("Name of the ECS service of each site.", placed.service, "name"),
      task_definition_arns: perInstance("The revision that each site runs.", taskDefinition, "arn"),
      one_off_task_definition_arns: perInstance(
        "The revision of each site's tasks that are run by hand.",
        oneOff,
        "arn",
      ),
      image_uri: text("The image that it runs.", image.uri),
      // Remembered from the start of a roll-back until another image has come through.
      ...(service.image in props.config.images && {
        rolled_back: text(
          `The image that it was rolled back to, and those that it was rolled back from, in the form of ${rollbacksVariable}.`,
          rollback === undefined ? emptyOnceMade(placed.rollout) : JSON.stringify(rollback),
        ),
      }),
      scheduling_strategy: text("How ECS places its tasks.", schedulingOf(service)),
      ...(http !== undefined &&
        reliance !== undefined && {
          port: text("Port of each node that its tasks listen on.", String(http.port)),
          checked_path: text("Path that its tasks fail before they stop.", reliance.checked_path),
          lame_duck_seconds: text(
            "Seconds for which its tasks keep serving meanwhile.",
            reliance.lame_duck_seconds,
          ),
          ready_after_seconds: text(
            "Seconds for which its tasks answer before they report themselves healthy.",
            reliance.ready_after_seconds,
          ),
        }),
    });
  }
}
