import { distance } from "fastest-levenshtein";

/** Beyond this many names a list helps nobody. */
const longestList = 30;

/** Says that there is no such thing, what may have been meant, and what there is. */
export function unknownName(thing: string, unknown: readonly string[], known: readonly string[]): string {
  const meant = unknown.flatMap((name) => nearest(name, known) ?? []);
  const suggestion = meant.length === 0 ? "" : ` Did you mean ${[...new Set(meant)].join(", ")}?`;
  const listed = known.slice(0, longestList).join(", ") || "none";
  const more = known.length > longestList ? `, … (${known.length})` : "";
  return `No ${thing} is called ${unknown.join(", ")}: this environment has ${listed}${more}.${suggestion}`;
}

/**
 * The name, or that of a node without its site, that differs least: in a third at most, or in the order of two letters.
 * Where others are as near, none is.
 */
function nearest(name: string, known: readonly string[]): string | undefined {
  const parts = known.map((whole) => (name.includes("/") ? whole : whole.slice(whole.indexOf("/") + 1)));
  const apart = parts.map((part) => distance(name, part));
  const least = Math.min(...apart);
  const candidates = new Set(parts.filter((_, index) => apart[index] === least));
  const [candidate = ""] = candidates;
  const mistyped = sortedLetters(name) === sortedLetters(candidate) ? 2 : 1;
  return candidates.size === 1 && least <= Math.max(mistyped, candidate.length / 3)
    ? known[parts.indexOf(candidate)]
    : undefined;
}

const sortedLetters = (name: string): string => Array.from(name).sort().join("");
