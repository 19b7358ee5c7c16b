/** A text of one line that nobody may see. */
export interface Secret {
  readonly text: string;
  /** The text shown in its place. */
  readonly name: string;
}

/** A program's output with secrets replaced by their names. */
export function redact(output: string, secrets: readonly Secret[]): string {
  // The longest first: one may hold another.
  return secrets
    .toSorted((one, other) => other.text.length - one.text.length)
    .reduce((shown, { text, name }) => shown.replaceAll(text, () => name), output);
}
