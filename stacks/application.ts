import { NullProvider } from "@cdktf/provider-null/lib/provider";
import type { Construct } from "constructs";
import { healthTimes } from "../config/health";
import { placementsOf } from "../config/placements";
import type { Config } from "../config/schema";
import { WebService } from "../constructs/aws/web-service";
import { WebTask, type WebTaskProps } from "../constructs/aws/web-task";
import { BuiltImage } from "../constructs/image/built-image";
import { addAwsProvider } from "./aws-provider";
import type { ComputeStack } from "./compute/compute";
import type { ControlPlaneOutputs } from "./control-plane";
import { perInstance, StackOutputs, text } from "./outputs";
import { ProjectStack } from "./project-stack";

/** What users deploy every day: the application, on the nodes of every site. */
export class ApplicationStack extends ProjectStack {
  readonly outputs;

  constructor(
    scope: Construct,
    config: Config,
    controlPlane: ControlPlaneOutputs,
    sites: readonly ComputeStack[],
  ) {
    super(scope, "application", config);
    const { names } = this;
    const { application } = config;
    const { region, accountId } = config.aws;
    new NullProvider(this, "null");
    addAwsProvider(this, config);
    // A service without nodes never gets steady, and its nodes' deregistration wants it gone.
    for (const site of sites) {
      this.addDependency(site);
    }

    const { cluster_arn, repository_url, execution_role_arn, task_role_arn } = controlPlane.readBy(this);
    const { image, dependsOn } = this.addImage(repository_url);
    const { definition } = new WebTask(this, "web-task", {
      names,
      awsRegion: region,
      executionRoleArn: execution_role_arn,
      taskRoleArn: task_role_arn,
      image,
      dependsOn,
      application,
      times: healthTimes(application.health),
    });
    const { service } = new WebService(this, "web-service", {
      names,
      place: { name: config.name, cluster: names.cluster, awsRegion: region, account: accountId },
      clusterArn: cluster_arn,
      taskDefinition: definition,
      application,
      placements: placementsOf(config),
    });

    this.outputs = new StackOutputs(this, {
      services: perInstance("Name of the service of each site.", service, "name"),
      task_definition_arn: text("The revision that the services run.", definition.arn),
      port: text("Port of each node that the tasks listen on.", String(application.port)),
      image_uri: text("The image that they run.", image),
    });
  }

  /** Where tasks find their image, and what must have put it there. */
  private addImage(repository: string): Pick<WebTaskProps, "image" | "dependsOn"> {
    const { image } = this.config.application;
    if ("uri" in image) {
      return { image: image.uri };
    }
    const { region, accountId } = this.config.aws;
    const { uri, resource } = new BuiltImage(this, "built-image", {
      ...image,
      repository,
      awsRegion: region,
      account: accountId,
    });
    return { image: uri, dependsOn: [resource] };
  }
}
