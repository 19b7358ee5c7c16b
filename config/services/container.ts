import { z } from "zod";
import type { DeepReadonly } from "../deep-readonly";
import { text } from "../forms";
import { isUnquoted } from "../issue-text";
import { imageReference } from "./image";

/** A name that every shell accepts, since the container's programs may be scripts. Source: POSIX, 8.1. */
const variable = text(
  /^[A-Za-z_][A-Za-z0-9_]*$/,
  "a variable name that shells accept: letters, digits and _, not beginning with a digit",
);

const place = String.raw`[a-z0-9-]+:\d{12}`;
const secretArn = String.raw`secretsmanager:${place}:secret:[A-Za-z0-9/_+=.@-]{1,519}`;
/*
 * Whole ARNs, since the execution role's policy is derived from them. A secret's name may be followed by a key of its
 * JSON, a stage and a version. Source: Amazon ECS Developer Guide, "Pass sensitive data"; Secrets Manager API
 * Reference, CreateSecret; Systems Manager API Reference, PutParameter.
 */
const secret = text(
  new RegExp(
    String.raw`^arn:aws:(${secretArn}(:[^:\x00-\x1f]*:[^:\x00-\x1f]*:[A-Za-z0-9-]*)?|ssm:${place}:parameter/[A-Za-z0-9_./-]{1,2048})$`,
  ),
  "the ARN of a Secrets Manager secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME) or of an SSM parameter (arn:aws:ssm:REGION:ACCOUNT:parameter/NAME)",
);

// Source: Amazon ECS Developer Guide, "Using non-AWS container images": a secret with username and password.
const credentials = text(
  new RegExp(`^arn:aws:${secretArn}$`),
  "the ARN of a Secrets Manager secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME)",
);

// A policy that names an alias allows nothing. Source: AWS KMS Developer Guide, "Specifying KMS keys in IAM policy statements".
const secretKey = text(
  new RegExp(
    String.raw`^arn:aws:kms:${place}:key/([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$`,
  ),
  "the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not of an alias",
);

const word = text(/^[^\0]*$/, "a string without the character NUL");
const words = z.array(word).min(1);

/** A path in a container or on a node. */
const path = text(/^\/[^\0:,]*$/, "an absolute path without : and ,");

// Source: Service Authorization Reference: service prefix and action, * and ? as wildcards.
const action = text(/^(\*|[a-z0-9-]+:[A-Za-z0-9*?]+)$/, "an IAM action such as s3:GetObject");
const resource = text(/^(\*|arn:aws:[^\s\0]+)$/, "the ARN of a resource, with * and ? as wildcards, or *");

/** Settings that services and jobs share. Source: Amazon ECS API Reference, ContainerDefinition. */
export const containerSettings = {
  image: imageReference.describe(
    "A key of `images`, or the URI of an image in another registry, with its tag or digest.",
  ),
  registryCredentials: credentials
    .optional()
    .describe("ARN of a Secrets Manager secret with the credentials of a private registry other than ECR."),
  command: words.optional().describe("Replaces the image's command."),
  entryPoint: words.optional().describe("Replaces the image's entry point."),
  user: text(/^[\w.-]+(:[\w.-]+)?$/, "a user, or a user and a group with : between, by name or id")
    .optional()
    .describe("User to run the container as, instead of the image's."),
  // The range of CPU shares that the Linux kernel accepts.
  cpuUnits: z.int().min(2).max(262144).default(256).describe("CPU units; 1024 make one vCPU."),
  // Docker requires at least 6 MiB.
  memoryMiB: z
    .int()
    .min(6)
    .max(2 ** 31 - 1)
    .default(256)
    .describe("Memory in MiB; a container that exceeds it is killed."),
  environment: z
    .record(
      variable,
      z
        .union([z.string(), z.strictObject({ service: z.string() })], {
          error: ({ input }) =>
            isUnquoted(input)
              ? "must be a string: put it in quotes"
              : "must be a string, or { service } for the URL of an internal service",
        })
        .refine((value) => typeof value !== "string" || !value.includes("\0"), {
          error: "must be a string without the character NUL",
        }),
    )
    .default({})
    .describe(
      "Environment variables: a string, or `{ service }` for the URL of an internal service at the same site.",
    ),
  secrets: z
    .record(variable, secret)
    .default({})
    .describe("Environment variables whose values come from Secrets Manager or Parameter Store, by ARN."),
  secretKeys: z
    .array(secretKey)
    .default([])
    .describe("ARNs of your own KMS keys that encrypt the secrets; the tasks may use no others to decrypt."),
  volumes: z
    .array(
      z.strictObject({
        hostPath: path.describe("Path on the node; created if it doesn't exist."),
        containerPath: path.describe("Path in the container."),
        readOnly: z.boolean().default(false).describe("Whether the container may only read it."),
      }),
    )
    .default([])
    .describe("Folders on the node to mount into the container."),
  permissions: z
    .array(
      z.strictObject({
        actions: z.array(action).min(1).describe("IAM actions."),
        resources: z.array(resource).min(1).describe("ARNs of the resources to which they apply."),
      }),
    )
    .default([])
    .describe("The container's AWS permissions; none by default."),
  security: z
    .enum(["standard", "strict"])
    .default("standard")
    .describe(
      '`"standard"`: Docker\'s defaults without NET_RAW, MKNOD and AUDIT_WRITE; `"strict"`: a read-only root file system and no capabilities. With either, no process can gain privileges.',
    ),
  tmpfs: z
    .array(path)
    .default([])
    .describe("Paths kept in memory, 64 MiB each, for a read-only root file system."),
};

export type Container = DeepReadonly<z.output<z.ZodObject<typeof containerSettings>>>;
