import { isDeepStrictEqual } from "node:util";
import type { LifecycleRule, S3Client, ServerSideEncryptionByDefault } from "@aws-sdk/client-s3";

/** The bucket of the states. */
export interface StateBucket {
  readonly client: S3Client;
  readonly name: string;
  /** Account that must own it. */
  readonly accountId: string;
  readonly kmsKeyId: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** A setting of the states' bucket. */
interface Setting {
  /** The change, in a few words. */
  readonly change: string;
  /** Gives the bucket this setting; false when it has it already. */
  readonly ensure: (bucket: StateBucket) => Promise<boolean>;
}

const sdk = () => import("@aws-sdk/client-s3");

/** Named in every call, so that S3 answers only for our account's bucket. */
const target = ({ name, accountId }: StateBucket) => ({ Bucket: name, ExpectedBucketOwner: accountId });

/** The requested setting; undefined when S3 answers that the bucket has none. */
async function unlessNone<T>(asked: Promise<T>, code: string): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as Error).name === code) {
      return undefined;
    }
    throw error;
  }
}

const publicAccess: Setting = {
  change: "public access blocked",
  async ensure(bucket) {
    const { GetPublicAccessBlockCommand, PutPublicAccessBlockCommand } = await sdk();
    const asked = bucket.client.send(new GetPublicAccessBlockCommand(target(bucket)));
    const answer = await unlessNone(asked, "NoSuchPublicAccessBlockConfiguration");
    const { PublicAccessBlockConfiguration: present = {} } = answer ?? {};
    const wanted = {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    };
    if (Object.keys(wanted).every((name) => present[name as keyof typeof wanted] === true)) {
      return false;
    }
    const put = { ...target(bucket), PublicAccessBlockConfiguration: wanted };
    await bucket.client.send(new PutPublicAccessBlockCommand(put));
    return true;
  },
};

interface Statement {
  readonly Sid?: string;
  readonly [member: string]: unknown;
}

interface Policy {
  readonly Version: string;
  readonly Statement: Statement | readonly Statement[];
}

/** Source: Amazon S3 User Guide, "Security best practices": enforce encryption of data in transit. */
const tlsOnly = (name: string) => ({
  Sid: "AnywhereTlsOnly",
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`],
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});

const transport: Setting = {
  change: "requests without TLS denied by its policy",
  async ensure(bucket) {
    const { GetBucketPolicyCommand, PutBucketPolicyCommand } = await sdk();
    const answer = await unlessNone(
      bucket.client.send(new GetBucketPolicyCommand(target(bucket))),
      "NoSuchBucketPolicy",
    );
    const policy = JSON.parse(answer?.Policy ?? '{"Version":"2012-10-17","Statement":[]}') as Policy;
    const wanted = tlsOnly(bucket.name);
    const statements = [policy.Statement].flat() as readonly Statement[];
    if (statements.some((statement) => meansTheSame(statement, wanted))) {
      return false;
    }
    const others = statements.filter(({ Sid }) => Sid !== wanted.Sid);
    const Policy = JSON.stringify({ ...policy, Statement: [...others, wanted] });
    await bucket.client.send(new PutBucketPolicyCommand({ ...target(bucket), Policy }));
    return true;
  },
};

/** Whether they differ only in their names and the order of their resources. */
function meansTheSame(one: Statement, other: Statement): boolean {
  const compared = (statement: Statement) => ({
    ...statement,
    Sid: undefined,
    Resource: [statement["Resource"]].flat().sort(),
  });
  return isDeepStrictEqual(compared(one), compared(other));
}

const versioning: Setting = {
  change: "versioning on",
  async ensure(bucket) {
    const { GetBucketVersioningCommand, PutBucketVersioningCommand } = await sdk();
    const { Status } = await bucket.client.send(new GetBucketVersioningCommand(target(bucket)));
    if (Status === "Enabled") {
      return false;
    }
    const put = { ...target(bucket), VersioningConfiguration: { Status: "Enabled" as const } };
    await bucket.client.send(new PutBucketVersioningCommand(put));
    return true;
  },
};

const encryption: Setting = {
  change: "encryption by default",
  async ensure(bucket) {
    const { GetBucketEncryptionCommand, PutBucketEncryptionCommand } = await sdk();
    const asked = bucket.client.send(new GetBucketEncryptionCommand(target(bucket)));
    const answer = await unlessNone(asked, "ServerSideEncryptionConfigurationNotFoundError");
    const rules = answer?.ServerSideEncryptionConfiguration?.Rules ?? [];
    const { kmsKeyId } = bucket;
    const present = rules[0]?.ApplyServerSideEncryptionByDefault;
    if (present !== undefined && (kmsKeyId === undefined || present.KMSMasterKeyID === kmsKeyId)) {
      return false;
    }
    const wanted: ServerSideEncryptionByDefault =
      kmsKeyId === undefined
        ? { SSEAlgorithm: "AES256" }
        : { SSEAlgorithm: "aws:kms", KMSMasterKeyID: kmsKeyId };
    const rule = { ApplyServerSideEncryptionByDefault: wanted, BucketKeyEnabled: kmsKeyId !== undefined };
    const put = { ...target(bucket), ServerSideEncryptionConfiguration: { Rules: [rule] } };
    await bucket.client.send(new PutBucketEncryptionCommand(put));
    return true;
  },
};

/** Days after which S3 deletes a superseded version. */
export const versionDays = 90;
const uploadDays = 7;
const ruleId = "anywhere-states";

const lifecycle: Setting = {
  change: `former versions deleted after ${versionDays} days, unfinished uploads after ${uploadDays}`,
  async ensure(bucket) {
    const { GetBucketLifecycleConfigurationCommand, PutBucketLifecycleConfigurationCommand } = await sdk();
    const asked = bucket.client.send(new GetBucketLifecycleConfigurationCommand(target(bucket)));
    const { Rules: rules = [] } = (await unlessNone(asked, "NoSuchLifecycleConfiguration")) ?? {};
    const has = (action: keyof LifecycleRule) =>
      rules.some((rule) => isOfAll(rule) && rule[action] !== undefined);
    const wanted: Partial<LifecycleRule> = {
      // Deleted locks leave delete markers behind.
      Expiration: { ExpiredObjectDeleteMarker: true },
      NoncurrentVersionExpiration: { NoncurrentDays: versionDays },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: uploadDays },
    };
    // Of two rules S3 applies the one that deletes earlier: somebody else's stays the only one.
    const missing = Object.entries(wanted).filter(([action]) => !has(action as keyof LifecycleRule));
    if (missing.length === 0) {
      return false;
    }
    const ours: LifecycleRule = {
      ...rules.find(({ ID }) => ID === ruleId),
      ...Object.fromEntries(missing),
      ID: ruleId,
      Status: "Enabled",
      Filter: { Prefix: "" },
    };
    const Rules = [...rules.filter(({ ID }) => ID !== ruleId), ours];
    const put = { ...target(bucket), LifecycleConfiguration: { Rules } };
    await bucket.client.send(new PutBucketLifecycleConfigurationCommand(put));
    return true;
  },
};

/** Whether a rule is enabled, and for every object. */
function isOfAll(rule: LifecycleRule): boolean {
  // An old form has the prefix outside the filter.
  const { Prefix = "" }: { readonly Prefix?: string } = rule;
  return rule.Status === "Enabled" && isDeepStrictEqual({ Prefix, ...rule.Filter }, { Prefix: "" });
}

const tags: Setting = {
  change: "tags of the deployment",
  async ensure(bucket) {
    const { GetBucketTaggingCommand, PutBucketTaggingCommand } = await sdk();
    const wanted = Object.entries(bucket.tags);
    if (wanted.length === 0) {
      return false;
    }
    const answer = await unlessNone(
      bucket.client.send(new GetBucketTaggingCommand(target(bucket))),
      "NoSuchTagSet",
    );
    const present = answer?.TagSet ?? [];
    // Several deployments may share the bucket: each leaves the others' tags alone.
    const missing = wanted.filter(([key]) => !present.some(({ Key }) => Key === key));
    if (missing.length === 0) {
      return false;
    }
    const TagSet = [...present, ...missing.map(([Key, Value]) => ({ Key, Value }))];
    await bucket.client.send(new PutBucketTaggingCommand({ ...target(bucket), Tagging: { TagSet } }));
    return true;
  },
};

/** The settings of a states' bucket, in the order in which they are applied: protection comes first. */
export const bucketSettings: readonly Setting[] = [
  publicAccess,
  transport,
  encryption,
  versioning,
  lifecycle,
  tags,
];
