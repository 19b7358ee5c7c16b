import { z } from "zod";
import type { DeepReadonly } from "../deep-readonly";
import { folder, text } from "../forms";

const domainPart = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?";
const name = String.raw`[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*`;
// Source: github.com/distribution/reference. ECS takes 255 characters before the digest (API Reference, ContainerDefinition).
const reference = String.raw`(?=[^@]{1,255}(@|$))(${domainPart}(\.${domainPart})*(:\d{1,5})?\/)?${name}(\/${name})*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$`;

/** A key of `images`, or an image in another registry; {@link isUri} tells them apart. */
export const imageReference = text(
  new RegExp(`^${reference}`),
  "a key of images, or the URI of an image such as registry.example/shop/app:v1, with a tag or an @sha256: digest",
);

/**
 * Whether it is the URI of an image in another registry: with a tag or a digest, after the port that a registry may
 * have.
 */
export const isUri = (image: string): boolean => /[:@][^/]*$/.test(image);

/** The URI of an image in another registry, with its tag or digest. */
export const imageUri = text(
  new RegExp(`^(?=.*[:@][^/]*$)${reference}`),
  "the URI of an image with a tag or an @sha256: digest, such as registry.example/haproxy:3.2",
);

/** How many digits of its content hash make up the tag of an image that is built here. */
export const tagLength = 16;

/** An image that is built here. */
export const image = z
  .strictObject(
    {
      build: folder.describe("Build context: the folder of the Dockerfile."),
      platform: z
        .enum(["linux/amd64", "linux/arm64"])
        .default("linux/amd64")
        .describe("Platform of the nodes that run it."),
    },
    {
      error: ({ code }) =>
        code === "invalid_type"
          ? 'must be an object such as { build: "app" }; an image that isn\'t built here is named only by the services that run it'
          : undefined,
    },
  )
  .describe("An image that is built here, and pushed to its own repository.");

export type Image = DeepReadonly<z.output<typeof image>>;
