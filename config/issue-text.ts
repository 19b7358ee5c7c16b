import { z } from "zod";
import { nearest } from "./nearest";

/**
 * The problem with a value whose schema doesn't word it itself. It completes a message that begins with the value's
 * path: `sites.ams3.nodes must be at least 1`.
 */
export function textOfIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "too_small":
      return `must be at least ${String(issue.minimum)}${unitOf(issue.origin, issue.minimum)}`;
    case "too_big":
      return `must be at most ${String(issue.maximum)}${unitOf(issue.origin, issue.maximum)}`;
    case "invalid_type": {
      const remedy = issue.expected === "string" && isUnquoted(issue.input) ? ": put it in quotes" : "";
      return `must be ${withArticle(issue.expected)}${remedy}`;
    }
    case "invalid_value":
      return `must be ${listOf(issue.values.map((value) => JSON.stringify(value)))}`;
    case "invalid_key":
      return `can't be a key: it ${issue.issues.map(({ message }) => message).join(", ")}`;
    case "unrecognized_keys":
      // A line for each of them.
      return issue.keys.map((key) => `is not a setting: ${remedyFor(key, issue.inst)}`).join("\n");
    default:
      return undefined;
  }
}

/** Whether quotes would make a string of a value. */
export const isUnquoted = (value: unknown): boolean => ["number", "boolean"].includes(typeof value);

function remedyFor(key: string, schema: unknown): string {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const meant = nearest(key, known) ?? shared(key, known);
  return meant === undefined ? "remove it, or check its spelling" : `did you mean ${meant}?`;
}

/** The only setting that such a key ends with, as `dropletSize` does with `size`, or begins, as `cpu` does `cpuUnits`. */
function shared(key: string, known: readonly string[]): string | undefined {
  const capitalised = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
  const candidates = known.filter(
    (name) =>
      key.endsWith(capitalised(name)) || (name.startsWith(key) && /^[A-Z]/.test(name.slice(key.length))),
  );
  return candidates.length === 1 ? candidates[0] : undefined;
}

function unitOf(origin: string, count: number | bigint): string {
  const units: Readonly<Record<string, string>> = { string: "character", array: "item" };
  const unit = units[origin];
  return unit === undefined ? "" : ` ${unit}${count === 1 ? "" : "s"} long`;
}

function withArticle(type: string): string {
  const names: Readonly<Record<string, string>> = { int: "whole number", record: "object" };
  const name = names[type] ?? type;
  return `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;
}

function listOf(values: readonly (string | undefined)[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.join(", ")}`;
}
