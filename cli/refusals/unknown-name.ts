import { nearest } from "../../config/nearest";

/** Beyond this many names a list helps nobody. */
const longestList = 30;

/** Says that no such thing exists, which one may have been meant, and which there are. */
export function unknownName(thing: string, unknown: readonly string[], known: readonly string[]): string {
  const meant = unknown.flatMap((name) => meantBy(name, known) ?? []);
  const suggestion = meant.length === 0 ? "" : ` Did you mean ${[...new Set(meant)].join(", ")}?`;
  const listed = known.slice(0, longestList).join(", ") || "none";
  const more = known.length > longestList ? `, … (${known.length})` : "";
  return `No ${thing} is called ${unknown.join(", ")}: this environment has ${listed}${more}.${suggestion}`;
}

/** As {@link nearest}; a node may be named without its site. */
function meantBy(name: string, known: readonly string[]): string | undefined {
  const parts = known.map((whole) => (name.includes("/") ? whole : whole.slice(whole.indexOf("/") + 1)));
  const part = nearest(name, parts);
  return part === undefined ? undefined : known[parts.indexOf(part)];
}
