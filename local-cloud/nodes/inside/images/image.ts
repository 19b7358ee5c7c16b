import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { reason, type Settings } from "../settings";
import { type Image, parseDockerfile } from "./dockerfile";
import { knownImage } from "./known-images";

/** An image for containers. */
export interface PulledImage {
  readonly image: Image;
  /** Folder of the files that its Dockerfile copies; undefined if it copies none. */
  readonly folder: string | undefined;
}

/** The folder that stands for an image: `:` and `@` of its reference become `/`. */
export function imageFolder(imagesDirectory: string, reference: string): string {
  const segments = reference.split(/[/:@]/);
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
    throw new Error(`invalid reference format: ${JSON.stringify(reference)}`);
  }
  return join(imagesDirectory, ...segments);
}

/** Reads the Dockerfile of an image's folder. Fails when there is none or it can't be followed. */
export async function readImage(folder: string): Promise<Image> {
  return parseDockerfile(await readFile(join(folder, "Dockerfile"), "utf8"));
}

/**
 * @param programs folders of this computer's programs
 * @throws Error CannotPullContainerError
 */
export async function pullImage(
  { imagesDirectory }: Pick<Settings, "imagesDirectory">,
  reference: string,
  programs: readonly string[] = ["/usr/sbin", "/usr/bin"],
): Promise<PulledImage> {
  try {
    const folder = imageFolder(imagesDirectory, reference);
    if (existsSync(folder)) {
      return { image: await readImage(folder), folder };
    }
    const known = knownImage(reference);
    if (known === undefined) {
      throw new Error(
        "not found: the local cloud has only images that deploys build, and those of its --image",
      );
    }
    if (!programs.some((place) => existsSync(join(place, known.program)))) {
      throw new Error(
        `the local cloud runs it with this computer's ${known.program}, which is missing: install it (Debian and Ubuntu: apt-get install ${known.package})`,
      );
    }
    return { image: parseDockerfile(known.dockerfile), folder: undefined };
  } catch (error) {
    throw new Error(`CannotPullContainerError: failed to resolve ref ${reference}: ${reason(error)}`, {
      cause: error,
    });
  }
}
