import { NullProvider } from "@cdktf/provider-null/lib/provider";
import type { Construct } from "constructs";
import type { Config } from "../config/schema";
import { calledBy } from "../config/services/entrances";
import { placementsOf } from "../config/services/placements";
import type { Service } from "../config/services/service";
import type { Sites } from "../config/sites/nodes";
import { serviceContainers, volumesOf } from "../constructs/aws/service/containers";
import { PlacedService } from "../constructs/aws/service/service";
import { TaskDefinitions } from "../constructs/aws/service/task-definitions";
import { addAwsProvider } from "./aws-provider";
import type { ComputeStack } from "./compute/compute";
import type { ControlPlaneOutputs } from "./control-plane";
import { internalUrls, resolvedEnvironment } from "./internal-urls";
import { perInstance, StackOutputs, text } from "./outputs";
import { ProjectStack } from "./project-stack";
import { addImage } from "./task-images";

/** Props of {@link ServiceStack}. */
export interface ServiceStackProps {
  readonly config: Config;
  readonly name: string;
  readonly service: Service;
  readonly sites: Sites;
  readonly controlPlane: ControlPlaneOutputs;
  /** The nodes of the sites that it is made at. */
  readonly compute: ReadonlyMap<string, ComputeStack>;
}

/** One service, on the nodes of its sites: what users deploy every day. */
export class ServiceStack extends ProjectStack {
  constructor(scope: Construct, props: ServiceStackProps) {
    const { config, name, service, sites, controlPlane, compute } = props;
    super(scope, `service-${name}`, config);
    const { names } = this;
    const { region: awsRegion, accountId: account } = config.aws;
    new NullProvider(this, "null");
    addAwsProvider(this, config);
    for (const site of compute.values()) {
      this.addDependency(site);
    }

    const { cluster_arn, repository_urls, execution_role_arns, task_role_arns } = controlPlane.readBy(this);
    const image = addImage(this, config, service.image, repository_urls, "image");
    const placements = placementsOf(service, sites);
    const urls = internalUrls(this, calledBy(service), compute);
    const definitions = [...placements.keys()].map((site) => {
      const containers = serviceContainers(service, {
        image: image.uri,
        environment: resolvedEnvironment(service, (called) => urls(site, called)),
        logGroup: names.logs(name),
        awsRegion,
      });
      return [
        site,
        {
          family: names.family(name, site),
          containers,
          executionRoleArn: execution_role_arns(name),
          taskRoleArn: task_role_arns(name),
          volumes: volumesOf(service),
        },
      ] as const;
    });
    const { resource: taskDefinition } = new TaskDefinitions(this, "task-definitions", {
      address: "task",
      definitions: new Map(definitions),
      dependsOn: [...image.dependsOn],
    });
    const placed = new PlacedService(this, "placed", {
      names,
      place: { name: config.name, service: name, cluster: names.cluster, awsRegion, account },
      clusterArn: cluster_arn,
      taskDefinition,
      settings: service,
      placements,
    });

    new StackOutputs(this, {
      services: perInstance("Name of the ECS service of each site.", placed.service, "name"),
      task_definition_arns: perInstance("The revision that each site runs.", taskDefinition, "arn"),
      image_uri: text("The image that it runs.", image.uri),
      ...(service.http !== undefined && {
        port: text("Port of each node that its tasks listen on.", String(service.http.port)),
      }),
    });
  }
}
