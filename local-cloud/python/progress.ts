import { clearLine, cursorTo } from "node:readline";

/** Shows the progress of something. */
export interface Progress {
  readonly tell: (line: string) => void;
  /** Removes the line that a terminal shows. */
  readonly end: () => void;
}

/** On a terminal each line replaces the one before; elsewhere all are printed. */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  const { isTTY, columns } = stream;
  const clear = (): void => {
    cursorTo(stream, 0);
    clearLine(stream, 0);
  };
  if (!isTTY) {
    return { tell: (line) => stream.write(`${line}\n`), end: () => undefined };
  }
  return {
    tell: (line) => {
      clear();
      stream.write(line.slice(0, columns - 1));
    },
    end: clear,
  };
}
