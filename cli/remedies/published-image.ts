import { reasonOf } from "../aws/client";
import { describeImage, isMissing, type EcrImage } from "../aws/ecr-image";
import type { Stack } from "../terraform/stacks";
import type { Terraform } from "../terraform/terraform";

/**
 * Terraform's options to push the image of a stack again, when it was pushed and is no longer in ECR, which the stack's
 * state doesn't show. Reports the missing image. Ignores images that are pushed elsewhere.
 */
export async function pushAgain(
  { folder }: Pick<Stack, "folder">,
  terraform: Pick<Terraform, "state">,
): Promise<readonly string[]> {
  const { managed } = await terraform.state(folder);
  const options: string[] = [];
  for (const { address, attributes } of managed.filter(({ type }) => type === "null_resource")) {
    const image = pushedImage(attributes["triggers"]);
    if (image !== undefined && (await hasVanished(image))) {
      console.error(`${image.name} is no longer in ECR: pushing it again.`);
      options.push(`-replace=${address}`);
    }
  }
  return options;
}

interface PushedImage extends EcrImage {
  readonly name: string;
}

/** The image that the triggers of a push name. */
function pushedImage(triggers: unknown): PushedImage | undefined {
  const { REPOSITORY, TAG, ACCOUNT, AWS_REGION } = (triggers ?? {}) as Readonly<
    Record<string, string | undefined>
  >;
  if (REPOSITORY === undefined || TAG === undefined || ACCOUNT === undefined || AWS_REGION === undefined) {
    return undefined;
  }
  const repositoryName = REPOSITORY.slice(REPOSITORY.indexOf("/") + 1);
  return {
    name: `${REPOSITORY}:${TAG}`,
    registryId: ACCOUNT,
    region: AWS_REGION,
    repositoryName,
    imageTag: TAG,
  };
}

async function hasVanished(image: PushedImage): Promise<boolean> {
  try {
    await describeImage(image);
    return false;
  } catch (error) {
    if (isMissing(error)) {
      return true;
    }
    console.error(
      `ECR can't be asked whether it has ${image.name} (${reasonOf(error)}): assuming that it does.`,
    );
    return false;
  }
}
