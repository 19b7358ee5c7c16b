import { z } from "zod";
import { backend, keyId } from "./backend";
import type { DeepReadonly } from "./deep-readonly";
import { awsRegion, deploymentName, key, oneOfKinds, text } from "./forms";
import { monitoring } from "./monitoring";
import { image, imageUri } from "./services/image";
import { job } from "./services/job";
import { service } from "./services/service";
import { siteKinds, type SiteKinds } from "./sites";

const days = z.literal(
  [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
  {
    // Source: Amazon CloudWatch Logs API Reference, PutRetentionPolicy.
    error:
      "must be a retention period that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, …",
  },
);

/** Source: Amazon ECS Developer Guide, "Registering an external instance", Amazon ECS PGP public key. */
export const awsSigningKey = "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F";

// The form that both clouds accept; DigitalOcean's is the narrower one.
const tagText = text(/^[A-Za-z0-9_-]{1,100}$/, "1 to 100 of letters, digits, - and _");

/** AWS allows a resource 50 tags, of which an activation needs 5. Source: AWS General Reference, tags. */
const furtherTags = 45;

const tags = z
  .record(tagText, tagText)
  .refine((all) => Object.keys(all).length <= furtherTags, { error: `must have at most ${furtherTags} tags` })
  // Source: IAM User Guide, "Rules for tagging in IAM and AWS STS".
  .refine(
    (all) => new Set(Object.keys(all).map((name) => name.toLowerCase())).size === Object.keys(all).length,
    {
      error: "must not have two keys that differ only in case: to IAM they are the same",
    },
  );

// Log groups and schedules accept only an ARN, and not that of an alias.
const kmsKey = text(
  new RegExp(String.raw`^(${keyId}|arn:aws:kms:[a-z0-9-]+:\d{12}:key/${keyId})$`),
  "the id of a KMS key or its ARN, not an alias",
);

const common = {
  name: deploymentName.describe("Prefix of every name in both clouds. It can't change on a live deployment."),
  aws: z
    .strictObject({
      region: awsRegion.describe("Region of the control plane."),
      accountId: text(/^\d{12}$/, "12 digits").describe(
        "The only account that this environment may be deployed to.",
      ),
      nodePolicy: z
        .enum(["scoped", "managed"])
        .default("scoped")
        .describe(
          'Permissions of nodes in ECS: `"scoped"`, a policy for this cluster only; `"managed"`, AWS\'s own.',
        ),
      kmsKeyId: kmsKey
        .optional()
        .describe(
          "Id or ARN of the KMS key that encrypts logs, images, schedules, the alerts' topic and the dead-letter queue; see docs/encryption.md. Default: AWS's own keys.",
        ),
    })
    .describe("Location of the control plane."),
  backend: backend.prefault({ kind: "local" }),
  tags: tags.default({}).describe("Tags of every resource that can have tags, in both clouds."),
  logRetentionDays: days.default(30).describe("Days to keep logs."),
  installer: z
    .strictObject({
      signingKey: text(/^[0-9A-F]{40}$/, "40 hexadecimal digits in upper case")
        .default(awsSigningKey)
        .describe("Fingerprint of the primary key that signs the ECS Anywhere installer."),
    })
    .prefault({})
    .describe("How nodes verify the ECS Anywhere installer."),
  images: z.record(key, image).default({}).describe("Images that are built here, by name."),
  proxy: z
    .strictObject({
      image: imageUri
        // The newest release line with long-term support. Source: haproxy.org, "Versions".
        .default("public.ecr.aws/docker/library/haproxy:3.2")
        .describe(
          "Image of HAProxy 3.2 or later, with bash; from ECR, or from a registry that needs no credentials.",
        ),
    })
    .prefault({})
    .describe("The proxy in front of services whose `handover` is `proxy`."),
  services: z
    .record(key, service)
    .default({})
    .describe("Services that run on the nodes; the key is part of stack ids and addresses."),
  jobs: z.record(key, job).default({}).describe("Jobs that run on the nodes on a schedule."),
  monitoring,
};

type KnownSchemas = readonly [
  (typeof siteKinds)["digitalocean"]["schema"],
  (typeof siteKinds)["on-premises"]["schema"],
];

/** The form of an environment file with these kinds of site. The types are those of the project's own kinds. */
export function schemaOf(kinds: SiteKinds) {
  const schemas = Object.values(kinds).map(({ schema }) => schema) as unknown as KnownSchemas;
  const site = z.discriminatedUnion("kind", schemas, {
    error: oneOfKinds("kind", Object.keys(kinds)),
  });
  return z.strictObject({
    ...common,
    sites: z
      .record(key, site)
      .refine((sites) => Object.keys(sites).length > 0, { error: "must have at least one site" })
      .describe("Sites where nodes run; the key is part of stack ids and addresses."),
  });
}

type Schema = ReturnType<typeof schemaOf>;

/** The contents of an environment file: fields with a default may be left out. */
export type Environment = z.input<Schema>;
/** A whole deployment, validated and complete. */
export type Config = DeepReadonly<z.output<Schema>>;
export type Backend = Config["backend"];
