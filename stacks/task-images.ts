import type { ITerraformDependable } from "cdktf";
import type { Config } from "../config/schema";
import { BuiltImage } from "../constructs/image/built-image";
import type { ProjectStack } from "./project-stack";

/** Where tasks find an image, and what must have put it there. */
export interface TaskImage {
  readonly uri: string;
  readonly dependsOn: readonly ITerraformDependable[];
}

/**
 * The image that a service or a job names: one that is built and pushed before anything runs it, or one that is pushed
 * elsewhere.
 * @param address name of the resource that pushes it
 */
export function addImage(
  stack: ProjectStack,
  { aws, images }: Config,
  image: string,
  repositoryUrl: (image: string) => string,
  address: string,
): TaskImage {
  const built = images[image];
  if (built === undefined) {
    return { uri: image, dependsOn: [] };
  }
  const { uri, resource } = new BuiltImage(stack, `built-${address}`, {
    ...built,
    name: image,
    address,
    repository: repositoryUrl(image),
    awsRegion: aws.region,
    account: aws.accountId,
  });
  return { uri, dependsOn: [resource] };
}
