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
    case "invalid_type":
      return `must be ${withArticle(issue.expected)}`;
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

function remedyFor(key: string, schema: unknown): string {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const meant = nearest(key, known);
  return meant === undefined ? "remove it, or check its spelling" : `did you mean ${meant}?`;
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
