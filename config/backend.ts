import { z } from "zod";
import { awsRegion, folder, oneOfKinds, patterns, text } from "./forms";

// Source: Amazon S3 User Guide, "General purpose bucket naming rules"; the prefixes and suffixes there are AWS's own.
const bucket = text(
  /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)(?!\d+(\.\d+){3}$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  "the name of an S3 bucket: 3 to 63 of a-z, 0-9, . and -, in none of the forms that S3 reserves",
);

/** The id of a KMS key. Source: AWS KMS API Reference, KeyMetadata. */
export const keyId = String.raw`([0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})`;
const alias = String.raw`alias/[A-Za-z0-9/_-]{1,250}`;
// Source: Terraform's S3 backend, which accepts exactly these.
const kmsKey = text(
  new RegExp(String.raw`^(${keyId}|${alias}|arn:aws:kms:[a-z0-9-]+:\d{12}:(key/${keyId}|${alias}))$`),
  "the id or alias/NAME of a KMS key, or the ARN of either",
);

/** Terraform evaluates nothing in a backend block and unescapes nothing: no text here may need either. */
export const backend = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({
        kind: z.literal("local").describe("in a folder on this computer"),
        folder: folder
          .default("state")
          .describe("Folder of the states, absolute or relative to the project's root."),
      }),
      z.strictObject({
        kind: z.literal("s3").describe("in an S3 bucket"),
        bucket: bucket.describe("Bucket that holds the states; `npx anywhere bootstrap-state` creates it."),
        region: awsRegion.describe("Region of the bucket."),
        kmsKeyId: kmsKey.optional().describe("KMS key that encrypts the states."),
      }),
      z.strictObject({
        kind: z.literal("cloud").describe("in HCP Terraform or Terraform Enterprise"),
        // Source: HCP Terraform API, Organizations.
        organization: text(/^[A-Za-z0-9_-]+$/, "letters, digits, _ and -").describe(
          "Organisation in HCP Terraform or Terraform Enterprise.",
        ),
        hostname: text(patterns.host, "a host name, with its port where that isn't 443")
          .default("app.terraform.io")
          .describe("Host of the API."),
        // Source: HCP Terraform API, Projects.
        project: text(
          /^(?=.{3,40}$)[A-Za-z0-9_-]+( +[A-Za-z0-9_-]+)*$/,
          "3 to 40 letters, digits, _, - and spaces inside",
        )
          .optional()
          .describe("Project of the workspaces."),
        execution: z
          .enum(["local", "remote", "agent"], { error: 'must be "local", "remote" or "agent"' })
          .default("local")
          .describe(
            'Where Terraform runs: `"local"`, on the caller\'s machine; `"remote"`, on HCP Terraform\'s machines; `"agent"`, on your own agents.',
          ),
        agentPool: text(/^[A-Za-z0-9_-]+$/, "letters, digits, - and _")
          .optional()
          .describe('Agent pool, for `execution: "agent"`.'),
        runRoleArn: text(/^arn:aws:iam::\d{12}:role\/[A-Za-z0-9+=,.@_/-]{1,576}$/, "the ARN of an IAM role")
          .optional()
          .describe("AWS role that runs assume with HCP Terraform's OIDC tokens."),
      }),
    ],
    { error: oneOfKinds("kind", ["local", "s3", "cloud"]) },
  )
  .describe("Where Terraform keeps its states.");
