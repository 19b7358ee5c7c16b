import type { S3Client } from "@aws-sdk/client-s3";
import type { LoadedEnvironment } from "../../config/load";
import type { Backend } from "../../config/schema";
import { clientSettings, isOfAws, reasonOf } from "../aws/client";
import { refusedBy } from "../aws/refused";
import { callerIdentity, otherAccount } from "../checks/aws";
import { otherRegion } from "../checks/state-bucket";
import { Refusal } from "../refusals/refusal";
import type { Outcome, Tell } from "./outcome";
import { bucketSettings, type StateBucket } from "./s3-settings";

type S3Backend = Extract<Backend, { kind: "s3" }>;

/** Seconds that all calls may take together. */
const boundSeconds = 60;

/**
 * Creates the states' bucket if it doesn't exist, and applies those of {@link bucketSettings} that it lacks. Other
 * settings stay.
 *
 * @throws {Refusal} when it is in another account or region, or when AWS denies something.
 */
export async function bootstrapBucket(
  environment: LoadedEnvironment,
  { bucket: name, region, kmsKeyId }: S3Backend,
  tell: Tell,
): Promise<Outcome> {
  const { S3Client } = await import("@aws-sdk/client-s3");
  const { config, file } = environment;
  const { accountId } = config.aws;
  const deadline = AbortSignal.timeout(boundSeconds * 1000);
  const caller = await callerIdentity(region, deadline);
  if (caller.account !== accountId) {
    throw new Refusal(`The ${otherAccount(caller, environment)}.`);
  }
  const client = new S3Client(clientSettings(region));
  const bucket: StateBucket = { client, name, accountId, kmsKeyId, tags: config.tags };
  const changes: string[] = [];
  const changed: Tell = (change) => {
    changes.push(change);
    tell(change);
  };
  try {
    if (!(await exists(bucket, region, file))) {
      await create(client, name, region);
      changed(`created the bucket ${name} in ${region}`);
    }
    for (const { change, ensure } of bucketSettings) {
      if (await ensure(bucket)) {
        changed(`${name}: ${change}`);
      }
    }
  } catch (error) {
    throw refusalOf(error, name);
  } finally {
    client.destroy();
  }
  return { place: `the S3 bucket ${name} in ${region}`, changes };
}

/** @throws {Refusal} when it is elsewhere, or somebody else's. */
async function exists(
  { client, name, accountId }: StateBucket,
  region: string,
  file: string,
): Promise<boolean> {
  const { HeadBucketCommand } = await import("@aws-sdk/client-s3");
  let actual: string | undefined;
  try {
    const asked = new HeadBucketCommand({ Bucket: name, ExpectedBucketOwner: accountId });
    actual = (await client.send(asked)).BucketRegion;
  } catch (error) {
    const { status, bucketRegion } = refusedBy(error) ?? {};
    if (status === 404) {
      return false;
    }
    if (status === 403) {
      throw new Refusal(
        `AWS denies access to the S3 bucket ${name}: account ${accountId} doesn't own it, or the caller lacks ` +
          `s3:ListBucket on it. Correct backend.bucket in ${file} if it belongs to someone else; bucket names are global.`,
      );
    }
    if (bucketRegion === undefined) {
      throw error;
    }
    actual = bucketRegion;
  }
  if (actual !== undefined && actual !== region) {
    throw new Refusal(`The ${otherRegion(name, actual, region, file)}.`);
  }
  return true;
}

async function create(client: S3Client, name: string, region: string): Promise<void> {
  const { CreateBucketCommand } = await import("@aws-sdk/client-s3");
  // Source: Amazon S3 API Reference, CreateBucket: us-east-1 is the default without a constraint, and can't be named.
  const place =
    region === "us-east-1"
      ? {}
      : { CreateBucketConfiguration: { LocationConstraint: region as "eu-west-1" } };
  await client.send(new CreateBucketCommand({ Bucket: name, ...place }));
}

/** An error for a denial by AWS, with a reference to the required permissions; any other error unchanged. */
function refusalOf(error: unknown, name: string): unknown {
  return isOfAws(error) && refusedBy(error)?.status === 403
    ? new Refusal(
        `AWS denies a change to the S3 bucket ${name} (${reasonOf(error)}): allow the caller the actions that ` +
          "docs/state-and-secrets.md lists, and run the command again: it continues where it stopped.",
      )
    : error;
}
