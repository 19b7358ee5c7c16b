/** A value that has the right form but can't work, with the remedy. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  /** Completes a message that begins with the value's path. */
  readonly message: string;
  /** The wrong value, when it isn't the one at the path. */
  readonly value?: unknown;
}
