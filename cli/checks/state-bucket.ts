import type { Backend } from "../../config/schema";
import { ask, clientSettings } from "../aws/client";
import { refusedBy } from "../aws/refused";
import { checkSeconds, type Undertaking } from "./check";
import { unreachable } from "./reachability";

/** What is wrong with the bucket of the states: whether it is there, where it should be, and open to the caller. */
export async function bucketProblems(
  { bucket, region }: Extract<Backend, { kind: "s3" }>,
  undertaking: Undertaking,
): Promise<string[]> {
  const { environment, deadline } = undertaking;
  const { file } = environment;
  const elsewhere = (actual: string) =>
    `the S3 bucket ${bucket} is in ${actual}, and ${file} says backend.region ${region}: correct the file`;
  try {
    const actual = (await head(bucket, region, deadline)).BucketRegion ?? region;
    if (actual !== region) {
      return [elsewhere(actual)];
    }
  } catch (error) {
    const { status, bucketRegion = region } = refusedBy(error) ?? {};
    if (status === undefined) {
      const s3 = {
        name: "Amazon S3",
        subject: `The S3 bucket ${bucket} was`,
        setting: "AWS_ENDPOINT_URL when it is set",
      };
      return unreachable(s3, error, undertaking);
    }
    if (status === 404) {
      return [
        `there is no S3 bucket ${bucket}: "npx anywhere bootstrap-state" creates it in ${region}; or correct backend.bucket in ${file}`,
      ];
    }
    if (bucketRegion !== region) {
      return [elsewhere(bucketRegion)];
    }
    return [
      status === 403
        ? `AWS denies access to the S3 bucket ${bucket}: correct backend.bucket in ${file} if it is somebody else's, ` +
          "or allow the caller s3:ListBucket on it and s3:GetObject, s3:PutObject, s3:DeleteObject on its objects"
        : `Amazon S3 answers ${status} for the bucket ${bucket}: wait a few minutes and run again`,
    ];
  }
  if ((await versioning(bucket, region, deadline)) === "off") {
    undertaking.notice(
      `The S3 bucket ${bucket} keeps no former versions of the states, and so no way back to one: "npx anywhere bootstrap-state" switches versioning on.`,
    );
  }
  return [];
}

/** Whether a bucket keeps former versions; undefined when the caller can't know. */
async function versioning(
  bucket: string,
  region: string,
  deadline: AbortSignal,
): Promise<"on" | "off" | undefined> {
  const { GetBucketVersioningCommand, S3Client } = await import("@aws-sdk/client-s3");
  try {
    const { Status } = await ask(
      new S3Client(clientSettings(region, checkSeconds)),
      (client) => client.send(new GetBucketVersioningCommand({ Bucket: bucket }), { abortSignal: deadline }),
      deadline,
    );
    return Status === "Enabled" ? "on" : "off";
  } catch {
    // It is advice, which is worth no permission.
    return undefined;
  }
}

async function head(bucket: string, region: string, deadline: AbortSignal) {
  const { HeadBucketCommand, S3Client } = await import("@aws-sdk/client-s3");
  return ask(
    new S3Client(clientSettings(region, checkSeconds)),
    (client) => client.send(new HeadBucketCommand({ Bucket: bucket }), { abortSignal: deadline }),
    deadline,
  );
}
