import { Reader } from "protobufjs/minimal";

/**
 * The AWS services whose resources the local cloud can hold, and the data sources that need none, by the beginnings of
 * their names in the AWS provider.
 */
export const heldTypes = [
  ...["arn", "caller_identity", "canonical_user_id", "default_tags", "partition", "region", "regions"],
  ...["service", "service_principal"],
  ...[
    "cloudwatch",
    "ecr",
    "ecs",
    "iam",
    "kms",
    "s3",
    "scheduler",
    "secretsmanager",
    "sfn",
    "sns",
    "sqs",
    "ssm",
  ],
].map((name) => `aws_${name}`);

// Source: github.com/hashicorp/terraform, tfplugin5.proto, message GetProviderSchema.Response.
const fields = { resources: 2, dataSources: 3, ephemeralResources: 8 };
const keyField = 1;

const isHeld = (type: string): boolean =>
  heldTypes.some((name) => type === name || type.startsWith(`${name}_`));

/** The part of a provider's schema, as the provider sends it, that is about {@link heldTypes}. */
export function heldPart(schema: Buffer): Buffer {
  const reader = new Reader(schema);
  const parts: Buffer[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    const isByType = Object.values(fields).includes(tag >>> 3);
    const type = isByType ? keyOf(reader.bytes()) : undefined;
    if (!isByType) {
      reader.skipType(tag & 7);
    }
    if (type === undefined || isHeld(type)) {
      parts.push(schema.subarray(start, reader.pos));
    }
  }
  return Buffer.concat(parts);
}

/** The key of an entry of a map. */
function keyOf(entry: Uint8Array): string {
  const reader = new Reader(entry);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === keyField) {
      return reader.string();
    }
    reader.skipType(tag & 7);
  }
  return "";
}
