import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { useAws } from "../support/stages/aws-with-moto";

const aws = useAws("123456789012");
const Bucket = "kept";
const Key = "one";

let s3: S3Client;

const clientOf = (accessKeyId: string) =>
  new S3Client({
    region: "us-east-1",
    endpoint: aws().url,
    credentials: { accessKeyId, secretAccessKey: "test" },
    maxAttempts: 1,
  });

beforeEach(async () => {
  s3 = clientOf("test");
  await s3.send(new CreateBucketCommand({ Bucket }));
});

afterEach(() => {
  s3.destroy();
});

const put = (conditions: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body: "1", ...conditions }));

/** Puts a policy of one statement that denies everything where this condition is met. */
function deny(condition: object): Promise<unknown> {
  const statement = { Effect: "Deny", Principal: "*", Action: "s3:*", Resource: `arn:aws:s3:::${Bucket}/*` };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, ...condition }] });
  return s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
}

test("a bucket's policy is enforced, and every request counts as TLS", async () => {
  await deny({ Condition: { Bool: { "aws:SecureTransport": "false" } } });
  await put();
  await deny({});
  await expect(put()).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
});

test("a condition of a bucket's policy that isn't modelled is an error", async () => {
  await deny({ Condition: { StringNotEquals: { "aws:PrincipalAccount": "123456789012" } } });
  await expect(put()).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
});

test("a bucket of another account can't be read", async () => {
  await put();
  const others = clientOf("444455556666");
  await expect(others.send(new GetObjectCommand({ Bucket, Key }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 403 },
  });
  others.destroy();
});

test("of simultaneous writes that require the object not to exist yet, all but one are refused", async () => {
  // Longer than moto keeps in memory: it writes a file between its look for the object and the object's creation.
  const Body = Buffer.alloc(17 * 2 ** 20);
  for (const Key of ["one", "two", "three"]) {
    const writes = Array.from({ length: 4 }, () => put({ Key, Body, IfNoneMatch: "*" }));
    const refused = (await Promise.allSettled(writes)).filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(3);
    for (const one of refused) {
      expect(one).toMatchObject({ reason: { $metadata: { httpStatusCode: 412 } } });
    }
  }
});
