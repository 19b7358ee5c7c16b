/** A value that has the right form but can't work, and what to do about it. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  /** Reads on after the value's path. */
  readonly message: string;
}
