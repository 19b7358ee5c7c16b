/** The place of the states, and the changes there. */
export interface Outcome {
  /** Such as `the S3 bucket shop-states in eu-west-1`. */
  readonly place: string;
  /** One line each; none when there was nothing to do. */
  readonly changes: readonly string[];
}

/** Receives each change as it is made, as one line. */
export type Tell = (change: string) => void;
