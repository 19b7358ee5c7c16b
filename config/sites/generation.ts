import { createHash } from "node:crypto";

/**
 * Identity of a node's present incarnation: `g` and 11 hexadecimal digits, equal for equal input. It covers what the user
 * wrote and nothing else, so that an edited bootstrap script replaces no node. It begins with a letter, since it is
 * compared in ECS's cluster query language, which may take `12e45` for a number.
 */
export function generationOf(spec: {
  /** What of the machine counts; the same number of values for each node of a kind. */
  readonly incarnation: readonly (string | undefined)[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly replacement: number;
}): string {
  const attributes = Object.entries(spec.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = JSON.stringify([...spec.incarnation, attributes, spec.replacement]);
  return `g${createHash("sha256").update(canonical).digest("hex").slice(0, 11)}`;
}
