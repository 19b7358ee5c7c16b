import { closest, distance } from "fastest-levenshtein";

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

/** The name, or that of a node without its site, that differs least, unless it differs in more than a third. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const parts = known.map((whole) => (name.includes("/") ? whole : whole.slice(whole.indexOf("/") + 1)));
  const candidate = parts.length === 0 ? undefined : closest(name, parts);
  return candidate !== undefined && distance(name, candidate) <= Math.max(1, candidate.length / 3)
    ? known[parts.indexOf(candidate)]
    : undefined;
}
