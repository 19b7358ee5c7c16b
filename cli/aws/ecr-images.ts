import type { ImageDetail } from "@aws-sdk/client-ecr";
import { namesOf } from "../../config/names";
import type { Config } from "../../config/schema";
import { imageTag } from "../../config/rollbacks";
import { isMissing } from "./ecr-image";
import { ask, clientSettings } from "./client";

/** An image that was built here, as ECR describes it. */
export interface PushedImage {
  readonly tag: string;
  /** ISO 8601. */
  readonly pushedAt: string;
  /** The commit with all of its files, if it is known. */
  readonly commit: string | null;
  readonly mebibytes: number;
}

/** Prefix of the tag that names the commit; see publish.sh. */
const commitPrefix = "commit-";

/** The pushed images of a key of `images`, the newest first; none without a repository. */
export async function pushedImages(config: Config, image: string): Promise<PushedImage[]> {
  const { ECRClient, paginateDescribeImages } = await import("@aws-sdk/client-ecr");
  const { region, accountId: registryId } = config.aws;
  const question = {
    registryId,
    repositoryName: namesOf(config).repository(image),
    filter: { tagStatus: "TAGGED" as const },
  };
  try {
    return await ask(new ECRClient(clientSettings(region)), async (client) => {
      const images: PushedImage[] = [];
      for await (const { imageDetails = [] } of paginateDescribeImages({ client }, question)) {
        images.push(...imageDetails.flatMap(imageFrom));
      }
      return images.sort((one, other) => (one.pushedAt < other.pushedAt ? 1 : -1));
    });
  } catch (error) {
    if (isMissing(error)) {
      return [];
    }
    throw error;
  }
}

/** None for an image that wasn't built here. */
function imageFrom({ imageTags = [], imagePushedAt, imageSizeInBytes = 0 }: ImageDetail): PushedImage[] {
  const tag = imageTags.find((one) => imageTag.safeParse(one).success);
  const commit = imageTags.find((one) => one.startsWith(commitPrefix));
  return tag === undefined
    ? []
    : [
        {
          tag,
          pushedAt: imagePushedAt?.toISOString() ?? "",
          commit: commit?.slice(commitPrefix.length) ?? null,
          mebibytes: Math.round(imageSizeInBytes / 2 ** 20),
        },
      ];
}
