import { createColors } from "picocolors";

/** How output is shown to people. */
export interface Screen {
  /** Characters that a line may have. */
  readonly width: number;
  /** Colours for good, changing and bad; they leave text alone where colours aren't wanted. */
  readonly good: Paint;
  readonly changing: Paint;
  readonly bad: Paint;
  readonly title: Paint;
  readonly dim: Paint;
  /** Tell things apart. */
  readonly paints: readonly Paint[];
}

type Paint = (text: string) => string;

/** Returns whether anybody still reads a stream: `head` exits as soon as it has enough. */
export function hasReader(stream: NodeJS.WritableStream): () => boolean {
  let isThere = true;
  stream.once("error", () => {
    isThere = false;
  });
  return () => isThere;
}

const usualWidth = 80;

/** Whether it is a terminal that shows colours, and its user wants them. Source: no-color.org. */
export function hasColours(
  { isTTY = false }: Partial<Pick<NodeJS.WriteStream, "isTTY">>,
  { NO_COLOR = "", TERM }: NodeJS.ProcessEnv,
): boolean {
  return isTTY && NO_COLOR === "" && TERM !== "dumb";
}

/**
 * Colours as {@link hasColours} says. Lines that go elsewhere than to a terminal are as long as COLUMNS says, 80
 * characters by default.
 */
export function screenOf(
  { isTTY = false, columns = usualWidth }: Partial<Pick<NodeJS.WriteStream, "isTTY" | "columns">>,
  variables: NodeJS.ProcessEnv,
): Screen {
  const colours = createColors(hasColours({ isTTY }, variables));
  const width = isTTY ? columns : Number(variables["COLUMNS"]);
  return {
    width: Math.max(Number.isSafeInteger(width) ? width : 0, usualWidth),
    good: colours.green,
    changing: colours.yellow,
    bad: colours.red,
    title: colours.bold,
    dim: colours.dim,
    paints: [colours.cyan, colours.magenta, colours.blue, colours.yellow, colours.green],
  };
}
