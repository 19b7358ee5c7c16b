import type { JsonObject } from "../../world";
import { MotoError } from "../moto/moto-client";
import { invalidInput, notModelled } from "../protocol/api-error";
import { type Place, requireAssumableRole } from "./execution-role";

/** Requires everything that a schedule in a request needs to run. @throws ApiError ValidationException */
export async function authoriseSchedule(input: JsonObject, place: Place): Promise<void> {
  await requireAssumableRole(input, place);
  const { KmsKeyArn: key } = input;
  // Anything but a text is refused like any wrong input.
  if (typeof key === "string") {
    await requireUsableKey(key, place);
  }
}

/**
 * Requires that a customer's key exists in the schedule's region and encrypts: the scheduler asks KMS on the caller's
 * behalf, and accepts only symmetric keys. Source: EventBridge Scheduler User Guide, "Encryption at rest".
 * @throws ApiError ValidationException
 */
export async function requireUsableKey(key: string, { region, moto }: Place): Promise<void> {
  if (key.includes(":alias/")) {
    throw notModelled("a schedule with an alias of a key");
  }
  // moto finds a key by its id, whatever the rest of the ARN is.
  if (!key.startsWith(`arn:aws:kms:${region}:`)) {
    throw invalidInput(`The key ${key} isn't one of ${region}.`);
  }
  const { KeySpec, KeyUsage, KeyState } = await described(key, { region, moto });
  if (KeySpec !== "SYMMETRIC_DEFAULT" || (KeyUsage ?? "ENCRYPT_DECRYPT") !== "ENCRYPT_DECRYPT") {
    throw invalidInput(`The key ${key} isn't a symmetric key that encrypts.`);
  }
  if (KeyState !== "Enabled") {
    throw invalidInput(`The key ${key} is ${KeyState}.`);
  }
}

interface KeyMetadata {
  readonly KeySpec: string;
  /** moto writes null where it has the service's default. */
  readonly KeyUsage: string | null;
  readonly KeyState: string;
}

async function described(
  KeyId: string,
  { region, moto }: Pick<Place, "region" | "moto">,
): Promise<KeyMetadata> {
  try {
    const asked = moto.json<{ KeyMetadata: KeyMetadata }>("kms", region, "TrentService.DescribeKey", {
      KeyId,
    });
    return (await asked).KeyMetadata;
  } catch (error) {
    throw error instanceof MotoError ? invalidInput(error.message) : error;
  }
}
