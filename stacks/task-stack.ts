import { NullProvider } from "@cdktf/provider-null/lib/provider";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { Config } from "../config/schema";
import type { Container } from "../config/services/container";
import { calledBy } from "../config/services/entrances";
import type { TaskDefinition } from "../constructs/aws/service/task-definitions";
import { BuiltImage } from "../constructs/image/built-image";
import { addAwsProvider } from "./aws-provider";
import type { ComputeStack } from "./compute/compute";
import type { ControlPlaneOutputs } from "./control-plane";
import { definitionOf, type DefinedTask } from "./defined-task";
import { ProjectStack } from "./project-stack";

/** Props of {@link TaskStack}. */
export interface TaskStackProps {
  readonly config: Config;
  readonly controlPlane: ControlPlaneOutputs;
  /** The nodes that its tasks run on, by site. */
  readonly compute: ReadonlyMap<string, ComputeStack>;
}

/** An image's place, and the resource that must have put it there. */
export interface TaskImage {
  readonly uri: string;
  readonly dependsOn: readonly ITerraformDependable[];
}

/** A stack with tasks that run on nodes: it is deployed after these, and destroyed before them. */
export abstract class TaskStack extends ProjectStack {
  /** The control plane's outputs, as tokens of this stack. */
  protected readonly shared;
  /** The URL of an internal service at a site. Reads the states of no other sites. */
  private readonly urlAt: (site: string, service: string) => string;

  /** @param callers containers that may get the URLs of internal services */
  constructor(
    scope: Construct,
    id: string,
    { config, controlPlane, compute }: TaskStackProps,
    callers: readonly Container[],
  ) {
    super(scope, id, config);
    new NullProvider(this, "null");
    addAwsProvider(this, config);
    for (const site of compute.values()) {
      this.addDependency(site);
    }
    this.shared = controlPlane.readBy(this);
    const calls = callers.some((container) => calledBy(container).length > 0);
    const urls = new Map(
      calls ? [...compute].map(([site, { internalUrl }]) => [site, internalUrl?.(this)] as const) : [],
    );
    this.urlAt = (site, service) => {
      const url = urls.get(site)?.(service);
      if (url === undefined) {
        throw new Error(`site ${site} has no internal service ${service}`);
      }
      return url;
    };
  }

  /**
   * An image that is built and pushed before anything runs it, or one that is pushed elsewhere.
   * @param address name of the resource that pushes it
   */
  protected addImage(image: string, address: string): TaskImage {
    const built = this.config.images[image];
    if (built === undefined) {
      return { uri: image, dependsOn: [] };
    }
    const { uri, resource } = new BuiltImage(this, `built-${address}`, {
      ...built,
      name: image,
      address,
      repository: this.shared.repository_urls(image),
      names: this.names,
    });
    return { uri, dependsOn: [resource] };
  }

  /** An image that was built here before, and is in the registry. */
  protected earlierImage(image: string, tag: string): TaskImage {
    return { uri: `${this.shared.repository_urls(image)}:${tag}`, dependsOn: [] };
  }

  /** The definition of a task at a site, with every reference to a service as its URL there. */
  protected define<Settings extends Container>(task: DefinedTask<Settings>): TaskDefinition {
    const { name, site } = task;
    return definitionOf(task, this.config, {
      urlOf: (service) => this.urlAt(site, service),
      executionRoleArn: this.shared.execution_role_arns(name),
      taskRoleArn: this.shared.task_role_arns(name),
    });
  }
}
