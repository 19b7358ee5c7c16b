import type { ECRClient } from "@aws-sdk/client-ecr";
import { ask, clientSettings, reasonOf } from "./aws/client";
import type { Stack } from "./stacks";
import type { Terraform } from "./terraform";

/**
 * Terraform's options to push the image of a stack again, when it has been pushed and is not in ECR any more: nothing
 * in the stack's state tells that. Says what is missing. Images that are pushed elsewhere are not looked at.
 */
export async function pushAgain(
  { folder }: Pick<Stack, "folder">,
  terraform: Pick<Terraform, "state">,
): Promise<readonly string[]> {
  const { managed } = await terraform.state(folder);
  const options: string[] = [];
  for (const { address, attributes } of managed.filter(({ name }) => name === "image")) {
    const image = pushedImage(attributes["triggers"]);
    if (image !== undefined && (await isMissing(image))) {
      console.error(`${image.name} is not in ECR any more: it is pushed again.`);
      options.push(`-replace=${address}`);
    }
  }
  return options;
}

interface PushedImage {
  readonly name: string;
  readonly registryId: string;
  readonly region: string;
  readonly repositoryName: string;
  readonly imageTag: string;
}

/** An image as the triggers of its push name it. */
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

const missing = ["ImageNotFoundException", "RepositoryNotFoundException"];

async function isMissing(image: PushedImage): Promise<boolean> {
  const { ECRClient } = await import("@aws-sdk/client-ecr");
  try {
    await ask(new ECRClient(clientSettings(image.region)), (client) => describe(client, image));
    return false;
  } catch (error) {
    if (missing.includes((error as Error).name)) {
      return true;
    }
    console.error(
      `ECR can't be asked whether it has ${image.name} (${reasonOf(error)}): it counts as there.`,
    );
    return false;
  }
}

async function describe(client: ECRClient, { registryId, repositoryName, imageTag }: PushedImage) {
  const { DescribeImagesCommand } = await import("@aws-sdk/client-ecr");
  return client.send(new DescribeImagesCommand({ registryId, repositoryName, imageIds: [{ imageTag }] }));
}
