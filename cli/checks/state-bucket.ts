import type { S3Client } from "@aws-sdk/client-s3";
import type { Backend } from "../../config/schema";
import { ask, clientSettings } from "../aws/client";
import { refusedBy } from "../aws/refused";
import { checkSeconds, type Undertaking } from "./check";
import { unreachable } from "./reachability";

/** Problems with the states' bucket: it doesn't exist, is in another region, or isn't open to the caller. */
export async function bucketProblems(
  { bucket, region }: Extract<Backend, { kind: "s3" }>,
  undertaking: Undertaking,
): Promise<string[]> {
  const { environment, deadline } = undertaking;
  const { file } = environment;
  const sdk = await import("@aws-sdk/client-s3");
  const elsewhere = (actual: string) => [`the ${otherRegion(bucket, actual, region, file)}`];
  const s3 = <T>(question: (client: S3Client) => Promise<T>) =>
    ask(new sdk.S3Client(clientSettings(region, checkSeconds)), question, deadline);
  const options = { abortSignal: deadline };
  try {
    const head = new sdk.HeadBucketCommand({ Bucket: bucket });
    const actual = (await s3((client) => client.send(head, options))).BucketRegion ?? region;
    if (actual !== region) {
      return elsewhere(actual);
    }
  } catch (error) {
    const { status, bucketRegion = region } = refusedBy(error) ?? {};
    if (status === undefined) {
      const service = {
        name: "Amazon S3",
        subject: `The S3 bucket ${bucket} was`,
        setting: "AWS_ENDPOINT_URL if it is set",
      };
      return unreachable(service, error, undertaking);
    }
    if (status === 404) {
      return [
        `there is no S3 bucket ${bucket}: "npx anywhere bootstrap-state" creates it in ${region}; or correct backend.bucket in ${file}`,
      ];
    }
    if (bucketRegion !== region) {
      return elsewhere(bucketRegion);
    }
    return [
      status === 403
        ? `AWS denies access to the S3 bucket ${bucket}: correct backend.bucket in ${file} if it belongs to someone else, ` +
          "or allow the caller s3:ListBucket on it and s3:GetObject, s3:PutObject, s3:DeleteObject on its objects"
        : `Amazon S3 answers ${status} for the bucket ${bucket}: wait a few minutes and run again`,
    ];
  }
  const asked = new sdk.GetBucketVersioningCommand({ Bucket: bucket });
  // This is only advice: the caller needs no permission for it.
  const versioning = await s3((client) => client.send(asked, options)).catch(() => undefined);
  if (versioning !== undefined && versioning.Status !== "Enabled") {
    undertaking.notice(
      `The S3 bucket ${bucket} keeps no earlier versions of the states, so none can be restored: "npx anywhere bootstrap-state" enables versioning.`,
    );
  }
  return [];
}

/** States that a bucket is in another region than the file says, to follow an article in a sentence. */
export const otherRegion = (bucket: string, actual: string, region: string, file: string): string =>
  `S3 bucket ${bucket} is in ${actual}, and ${file} says backend.region ${region}: correct the file`;
