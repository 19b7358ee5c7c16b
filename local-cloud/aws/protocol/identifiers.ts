import { createHash, randomBytes } from "node:crypto";

/** Hexadecimal digits that were never used before. */
export function randomHex(digits: number): string {
  return randomBytes(Math.ceil(digits / 2))
    .toString("hex")
    .slice(0, digits);
}

/** Hexadecimal digits, at most 64, that depend only on the seed. */
export function derivedHex(digits: number, ...seed: readonly (string | number)[]): string {
  return createHash("sha256").update(seed.join("\n")).digest("hex").slice(0, digits);
}

/** A UUID that depends only on the seed. */
export function derivedUuid(...seed: readonly (string | number)[]): string {
  return derivedHex(32, ...seed).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The id of an ECS deployment: `ecs-svc/` and 19 decimal digits that depend only on the seed. */
export function deploymentId(...seed: readonly (string | number)[]): string {
  const digits = BigInt(`0x${derivedHex(16, ...seed)}`).toString();
  return `ecs-svc/${digits.padStart(20, "0").slice(1)}`;
}
