import { createColors } from "picocolors";

/** How output is shown to people. */
export interface Screen {
  /** Characters that a line may have. */
  readonly width: number;
  /** Marks what is well, what is about to change and what is wrong; as it is where colours aren't wanted. */
  readonly good: Paint;
  readonly changing: Paint;
  readonly bad: Paint;
  readonly title: Paint;
  readonly dim: Paint;
  /** Tell things apart. */
  readonly paints: readonly Paint[];
}

type Paint = (text: string) => string;

/** Tells whether what is written there is still read: `head` goes as soon as it has enough. */
export function hasReader(stream: NodeJS.WritableStream): () => boolean {
  let isThere = true;
  stream.once("error", () => {
    isThere = false;
  });
  return () => isThere;
}

const usualWidth = 80;

/** Colours on a terminal alone, and not with NO_COLOR. Source: no-color.org. */
export function screenOf(
  { isTTY = false, columns = usualWidth }: Partial<Pick<NodeJS.WriteStream, "isTTY" | "columns">>,
  variables: NodeJS.ProcessEnv,
): Screen {
  const colours = createColors(isTTY && (variables["NO_COLOR"] ?? "") === "");
  return {
    width: isTTY ? Math.max(columns, usualWidth) : usualWidth,
    good: colours.green,
    changing: colours.yellow,
    bad: colours.red,
    title: colours.bold,
    dim: colours.dim,
    paints: [colours.cyan, colours.magenta, colours.blue, colours.yellow, colours.green],
  };
}
