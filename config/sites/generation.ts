import { createHash } from "node:crypto";

/**
 * Identity of a node's current incarnation: `g` and 11 hexadecimal digits, equal for equal input. It covers only what
 * the user wrote, so that an edited bootstrap script replaces no node. It begins with a letter, since ECS's cluster
 * query language, which compares it, may read `12e45` as a number.
 */
export function generationOf(spec: {
  /** The machine's properties that count; the same number of values for each node of a kind. */
  readonly incarnation: readonly (string | undefined)[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly replacement: number;
}): string {
  const attributes = Object.entries(spec.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = JSON.stringify([...spec.incarnation, attributes, spec.replacement]);
  return `g${createHash("sha256").update(canonical).digest("hex").slice(0, 11)}`;
}
