import { NullProvider } from "@cdktf/provider-null/lib/provider";
import type { Construct } from "constructs";
import type { Config } from "../config/schema";
import { calledBy } from "../config/services/entrances";
import { jobContainers, volumesOf } from "../constructs/aws/service/containers";
import { Schedules } from "../constructs/aws/schedules";
import { TaskDefinitions } from "../constructs/aws/service/task-definitions";
import { addAwsProvider } from "./aws-provider";
import type { ComputeStack } from "./compute/compute";
import type { ControlPlaneOutputs } from "./control-plane";
import { internalUrls, resolvedEnvironment } from "./internal-urls";
import { perInstance, StackOutputs, text } from "./outputs";
import { ProjectStack } from "./project-stack";
import { addImage } from "./task-images";

/** Props of {@link JobsStack}. */
export interface JobsStackProps {
  readonly config: Config;
  readonly controlPlane: ControlPlaneOutputs;
  /** The nodes of the sites that run jobs. */
  readonly compute: ReadonlyMap<string, ComputeStack>;
}

/** What runs on nodes at certain times. */
export class JobsStack extends ProjectStack {
  constructor(scope: Construct, { config, controlPlane, compute }: JobsStackProps) {
    super(scope, "jobs", config);
    const { names } = this;
    const { jobs } = config;
    const { region: awsRegion, accountId: account } = config.aws;
    new NullProvider(this, "null");
    addAwsProvider(this, config);
    for (const site of compute.values()) {
      this.addDependency(site);
    }

    const { cluster_arn, repository_urls, execution_role_arns, task_role_arns } = controlPlane.readBy(this);
    const images = new Map(
      [...new Set(Object.values(jobs).map(({ image }) => image))].map((image) => [
        image,
        addImage(this, config, image, repository_urls, `image_${image}`),
      ]),
    );
    const called = [...new Set(Object.values(jobs).flatMap(calledBy))];
    const urls = internalUrls(this, called, compute);
    const definitions = Object.entries(jobs).map(([name, job]) => {
      const containers = jobContainers(job, {
        image: images.get(job.image)?.uri ?? job.image,
        environment: resolvedEnvironment(job, (service) => urls(job.site, service)),
        logGroup: names.logs(name),
        awsRegion,
      });
      return [
        name,
        {
          family: names.jobFamily(name),
          containers,
          executionRoleArn: execution_role_arns(name),
          taskRoleArn: task_role_arns(name),
          volumes: volumesOf(job),
        },
      ] as const;
    });
    const { resource: taskDefinition } = new TaskDefinitions(this, "task-definitions", {
      address: "job",
      definitions: new Map(definitions),
      dependsOn: [...images.values()].flatMap(({ dependsOn }) => [...dependsOn]),
    });
    const { schedule, deadLetters } = new Schedules(this, "schedules", {
      names,
      deployment: config.name,
      account,
      clusterArn: cluster_arn,
      jobs,
      taskDefinition,
      taskRoleArns: Object.keys(jobs).flatMap((name) => [execution_role_arns(name), task_role_arns(name)]),
    });

    new StackOutputs(this, {
      schedules: perInstance("Name of each job's schedule.", schedule, "name"),
      task_definition_arns: perInstance("The revision that each job runs.", taskDefinition, "arn"),
      dead_letters_url: text("Queue with the runs that could not be started.", deadLetters.url),
    });
  }
}
