/** Marks a text, line by line, as one about the stack with this id. */
export type Label = (id: string, text: string) => string;

/** Labels for these stacks, all of the same width. */
export function labelsFor(stacks: readonly { readonly id: string }[]): Label {
  const width = Math.max(0, ...stacks.map(({ id }) => id.length));
  return (id, text) =>
    text
      .split("\n")
      .map((line) => `${id.padEnd(width)} | ${line}`.trimEnd())
      .join("\n");
}
