/** A change of a text: what is replaced stands in it exactly once. */
export interface Edit {
  readonly from: string;
  readonly to: string;
}

/** @throws Error when the text doesn't have what is to be replaced, or has it more than once: then the edit is stale. */
export function edited(text: string, edits: readonly Edit[]): string {
  return edits.reduce((before, { from, to }) => {
    const [head, tail, ...more] = before.split(from);
    if (head === undefined || tail === undefined || more.length > 0) {
      throw new Error(`not exactly once in the text: ${from}`);
    }
    return head + to + tail;
  }, text);
}
