import { distance } from "fastest-levenshtein";

/**
 * The candidate that the user probably meant by a name: the nearest one, if at most a third of it differs or two
 * letters are swapped. None when several are equally near.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const apart = known.map((one) => distance(name, one));
  const least = Math.min(...apart);
  const candidates = new Set(known.filter((_, index) => apart[index] === least));
  const [candidate = ""] = candidates;
  const mistyped = sortedLetters(name) === sortedLetters(candidate) ? 2 : 1;
  return candidates.size === 1 && least <= Math.max(mistyped, candidate.length / 3) ? candidate : undefined;
}

const sortedLetters = (name: string): string => Array.from(name).sort().join("");
