import { clearLine, cursorTo } from "node:readline";

/** Says how something goes. */
export interface Progress {
  readonly tell: (line: string) => void;
  /** Takes the line away that a terminal shows. */
  readonly end: () => void;
}

/** On a terminal one line takes the other's place; elsewhere each is said. */
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
