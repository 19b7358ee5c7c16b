/** Something that was measured several times, and its limit. */
export interface Figure {
  readonly name: string;
  /** Seconds, or how many times as long as something else. */
  readonly unit: "s" | "×";
  /** One for each run. */
  readonly values: readonly number[];
  readonly most: number;
}

/** The measured things: each returns the seconds that a run takes. */
export type Measured<Name extends string> = Readonly<Record<Name, () => Promise<number>>>;

/** Seconds by what was measured, one for each round. */
export type Rounds<Name extends string> = Readonly<Record<Name, readonly number[]>>;

/**
 * Measures things in turn, so that whatever else the computer does slows all of them.
 *
 * @param begin does the additional work of each first run, which isn't counted.
 */
export async function inTurn<Name extends string>(
  runs: number,
  measured: Measured<Name>,
  begin?: () => Promise<unknown>,
): Promise<Rounds<Name>> {
  await begin?.();
  const names = Object.keys(measured) as Name[];
  const rounds = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 0; round < runs; round++) {
    for (const name of names) {
      rounds[name].push(await measured[name]());
    }
  }
  return rounds;
}

/** The ratio of the first times to the second, round by round. */
export function ratios(of: readonly number[], by: readonly number[]): number[] {
  return of.map((seconds, round) => seconds / (by[round] ?? NaN));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [(sorted.length - 1) / 2, sorted.length / 2].map(Math.floor) as [number, number];
  return ((sorted[low] ?? NaN) + (sorted[high] ?? NaN)) / 2;
}

/** Whether a figure is within its limit. */
export const isMet = ({ values, most }: Figure): boolean => median(values) <= most;
