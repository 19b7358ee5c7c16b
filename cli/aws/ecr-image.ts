import { ask, clientSettings } from "./client";

/** An image in ECR. */
export interface EcrImage {
  readonly registryId: string;
  readonly region: string;
  readonly repositoryName: string;
  readonly imageTag: string;
}

/**
 * Asks ECR for an image.
 *
 * @param limits how long it may take; see {@link ask} and {@link clientSettings}
 * @throws an error that {@link isMissing} recognises when it isn't there.
 */
export async function describeImage(
  { registryId, region, repositoryName, imageTag }: EcrImage,
  limits: { readonly seconds?: number; readonly deadline?: AbortSignal } = {},
): Promise<void> {
  const { DescribeImagesCommand, ECRClient } = await import("@aws-sdk/client-ecr");
  const command = new DescribeImagesCommand({ registryId, repositoryName, imageIds: [{ imageTag }] });
  await ask(
    new ECRClient(clientSettings(region, limits.seconds)),
    (client) => client.send(command, { abortSignal: limits.deadline }),
    limits.deadline,
  );
}

/** Whether an error says that there is no such image. */
export function isMissing(error: unknown): boolean {
  return ["ImageNotFoundException", "RepositoryNotFoundException"].includes((error as Error).name);
}
