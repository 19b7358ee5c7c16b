import { createInterface } from "node:readline";

/** A text that nobody may see. */
export interface Secret {
  readonly text: string;
  /** What is shown in its place. */
  readonly name: string;
}

/** The lines of a program's output, with the names of secrets in place of their texts, none of which has several lines. */
export async function* redactedLines(
  output: NodeJS.ReadableStream,
  secrets: readonly Secret[],
): AsyncGenerator<string> {
  // The longest first: one may hold another.
  const longestFirst = secrets.toSorted((one, other) => other.text.length - one.text.length);
  for await (const line of createInterface({ input: output, crlfDelay: Infinity })) {
    yield longestFirst.reduce((shown, { text, name }) => shown.replaceAll(text, () => name), line);
  }
}
