import { z } from "zod";
import { folder, key, port, text } from "../forms";

/** A name as any shell takes it; the container's own programs may be scripts. Source: POSIX, 8.1. */
const variable = text(
  /^[A-Za-z_][A-Za-z0-9_]*$/,
  "a variable's name as a shell takes it: letters, digits and _, not beginning with a digit",
);

// Source: github.com/distribution/reference. ECS takes 255 characters before the digest (API Reference, ContainerDefinition).
const imageUri = text(
  /^(?=[^@]{1,255}(@|$))(([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:\d{1,5})?\/)?[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/,
  "the URI of an image such as registry.example/shop/app:v1, with a tag or an @sha256: digest",
);

const image = z
  .union(
    [
      z.strictObject({
        build: folder,
        platform: z.enum(["linux/amd64", "linux/arm64"]).default("linux/amd64"),
      }),
      z.strictObject({ uri: imageUri }),
    ],
    { error: "must be { uri }, a prebuilt image, or { build }, a folder" },
  )
  .describe("A prebuilt image's URI, or the folder to build.");

const place = String.raw`[a-z0-9-]+:\d{12}`;
/*
 * Whole ARNs, from which the execution role's policy follows. Behind a secret's name may stand a key of its JSON, a
 * stage and a version. Source: Amazon ECS Developer Guide, "Pass sensitive data"; Secrets Manager API Reference,
 * CreateSecret; Systems Manager API Reference, PutParameter.
 */
const secret = text(
  new RegExp(
    String.raw`^arn:aws:(secretsmanager:${place}:secret:[A-Za-z0-9/_+=.@-]{1,519}(:[^:\x00-\x1f]*:[^:\x00-\x1f]*:[A-Za-z0-9-]*)?|ssm:${place}:parameter/[A-Za-z0-9_./-]{1,2048})$`,
  ),
  "the ARN of a Secrets Manager secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME) or of an SSM parameter (arn:aws:ssm:REGION:ACCOUNT:parameter/NAME)",
);

// A policy that names an alias allows nothing. Source: AWS KMS Developer Guide, "Specifying KMS keys in IAM policy statements".
const secretKey = text(
  new RegExp(
    String.raw`^arn:aws:kms:${place}:key/([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$`,
  ),
  "the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID), not of an alias",
);

const health = z.strictObject({
  path: text(/^\/[\x21-\x7e]*$/, "a path such as /healthz")
    .default("/healthz")
    .describe("Path that answers 200."),
  // Source: DigitalOcean API Reference, load balancers: 3 to 300 s, 2 to 10 checks.
  intervalSeconds: z.int().min(3).max(300).default(3).describe("Seconds between two checks."),
  unhealthyAfter: z.int().min(2).max(10).default(2).describe("Failed checks that take a node out."),
  healthyAfter: z.int().min(2).max(10).default(2).describe("Passed checks that take a node in."),
});

/** The service that runs on the nodes. */
export const application = z.strictObject({
  image,
  port: port.default(8080).describe("Port of the container and of the node."),
  // Source: Amazon ECS API Reference, ContainerDefinition: what the Linux kernel takes as CPU shares.
  cpuUnits: z.int().min(2).max(262144).default(256).describe("CPU units; 1024 are one vCPU."),
  // Source: as before; Docker reserves no less than 6 MiB.
  memoryMiB: z
    .int()
    .min(6)
    .max(2 ** 31 - 1)
    .default(256)
    .describe("Memory in MiB; a container that needs more is ended."),
  health: health
    .prefault({})
    .describe("Health checks of the load balancers; every other time-out follows from these."),
  environment: z
    .record(variable, text(/^[^\0]*$/, "a text without the character NUL"))
    .default({})
    .describe("Environment variables."),
  secrets: z
    .record(variable, secret)
    .default({})
    .describe("Environment variables whose values are read from Secrets Manager or Parameter Store, by ARN."),
  secretKeys: z
    .array(secretKey)
    .default([])
    .describe("ARNs of your own KMS keys that encrypt the secrets; only these may be used to decrypt."),
  placement: z
    .union([z.literal("every-node"), z.record(key, z.int().min(0))], {
      error: 'must be "every-node", or a number of tasks for each site',
    })
    .default("every-node")
    .describe("One task on every node, or a number of tasks per site."),
  exec: z
    .boolean()
    .default(false)
    .describe("Whether ECS Exec is possible; makes the root file system writable."),
});
