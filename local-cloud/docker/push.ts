import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { imageFolder } from "../nodes/inside/images/image";
import { builtFolder } from "./build";
import { Failure } from "./failure";
import { requireLogin } from "./login";
import { ecr, registryOf } from "./registry";

/**
 * Gives a built image to the machines and registers it in ECR, which knows a tag only once it can be pulled.
 * @throws Failure without a login, or when the tag is taken: the repository's tags are immutable
 */
export function pushImage(directory: string, reference: string): string {
  const [, host = "", name = "", tag = ""] = /^([^/]+)\/(.+):([^:/]+)$/.exec(reference) ?? [];
  const registry = registryOf(host);
  const built = builtFolder(directory, reference);
  if (!existsSync(built)) {
    throw new Failure(`An image does not exist locally with the tag: ${reference}`);
  }
  requireLogin(registry);
  const repository = ["--registry-id", registry.account, "--repository-name", name];
  if (ecr(registry, "describe-images", ...repository, "--image-ids", `imageTag=${tag}`).succeeded) {
    throw new Failure(
      `tag invalid: The image tag '${tag}' already exists in the '${name}' repository and cannot be overwritten because the tag is immutable.`,
    );
  }
  const pullable = imageFolder(join(directory, "images"), reference);
  rmSync(pullable, { recursive: true, force: true });
  cpSync(built, pullable, { recursive: true, verbatimSymlinks: true });
  const manifest = manifestOf(built);
  const entered = ecr(
    registry,
    "put-image",
    ...repository,
    ...["--image-tag", tag, "--image-manifest", manifest],
  );
  if (!entered.succeeded) {
    throw new Failure(`error from registry: ${entered.text}`);
  }
  return `${tag}: digest: sha256:${sha256(manifest)}`;
}

/** An image without layers, named by its content. Source: OCI Image Specification, "Image Manifest". */
function manifestOf(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => statSync(join(folder, file)).isFile())
    .sort();
  const content = createHash("sha256");
  for (const file of files) {
    content
      .update(`${file}\0`)
      .update(readFileSync(join(folder, file)))
      .update("\0");
  }
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.docker.distribution.manifest.v2+json",
    config: {
      mediaType: "application/vnd.docker.container.image.v1+json",
      size: files.length,
      digest: `sha256:${content.digest("hex")}`,
    },
    layers: [],
  });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
