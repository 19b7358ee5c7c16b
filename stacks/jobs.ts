import type { Construct } from "constructs";
import type { Job } from "../config/services/job";
import { Schedules } from "../constructs/aws/schedules";
import { jobContainers } from "../constructs/aws/service/containers";
import { TaskDefinitions } from "../constructs/aws/service/task-definitions";
import { byName, perInstance, StackOutputs, text } from "./outputs";
import { TaskStack, type TaskStackProps } from "./task-stack";

/** Jobs that run on nodes on a schedule. */
export class JobsStack extends TaskStack {
  constructor(scope: Construct, props: TaskStackProps) {
    const { config } = props;
    const { jobs } = config;
    super(scope, "jobs", props, Object.values(jobs));
    const { names, shared } = this;

    const images = new Map(
      [...new Set(Object.values(jobs).map(({ image }) => image))].map((image) => [
        image,
        this.addImage(image, `image_${image}`),
      ]),
    );
    const imageOf = ({ image }: Job) => images.get(image)?.uri ?? image;
    const definitions = Object.entries(jobs).map(
      ([name, job]) =>
        [
          name,
          this.define({
            name,
            family: names.jobFamily(name),
            settings: job,
            site: job.site,
            image: imageOf(job),
            containers: jobContainers,
          }),
        ] as const,
    );
    const { resource: taskDefinition } = new TaskDefinitions(this, "task-definitions", {
      address: "job",
      definitions: new Map(definitions),
      dependsOn: [...images.values()].flatMap(({ dependsOn }) => [...dependsOn]),
    });
    const { schedule, deadLetters } = new Schedules(this, "schedules", {
      names,
      clusterArn: shared.cluster_arn,
      jobs,
      taskDefinition,
      roles: (name) => ({
        execution: shared.execution_role_arns(name),
        task: shared.task_role_arns(name),
      }),
    });

    new StackOutputs(this, {
      schedules: perInstance("Name of each job's schedule.", schedule, "name"),
      task_definition_arns: perInstance("The revision that each job runs.", taskDefinition, "arn"),
      image_uris: byName(
        "The image that each job runs.",
        Object.fromEntries(Object.entries(jobs).map(([name, job]) => [name, imageOf(job)])),
      ),
      dead_letters_url: text("Queue with the runs that could not be started.", deadLetters.url),
    });
  }
}
