import { isObj, type Value } from "./value";

const unitSeconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** Seconds that a `timeouts` block gives an operation, written as `1h30m`, `90s` or `500ms`. @throws Error */
export function seconds(timeouts: Value | undefined, operation: string, otherwise: number): number {
  const text = isObj(timeouts) ? timeouts[operation] : undefined;
  if (typeof text !== "string") {
    return otherwise;
  }
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    throw new Error(`timeouts.${operation}: ${text} is not a duration such as 10m or 90s`);
  }
  return parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (unitSeconds[unit] ?? 0), 0);
}
