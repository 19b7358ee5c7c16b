import { clearLine, cursorTo } from "node:readline";

/** Shows the progress of something. */
export interface Progress {
  readonly tell: (line: string) => void;
  /** Removes the line that a terminal shows. */
  readonly end: () => void;
}

/** Milliseconds between two lines in a log. */
const period = 10_000;

/** On a terminal each line replaces the one before; elsewhere the first is printed, and then one every ten seconds. */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  const { isTTY, columns } = stream;
  const clear = (): void => {
    cursorTo(stream, 0);
    clearLine(stream, 0);
  };
  if (!isTTY) {
    let next = 0;
    return {
      tell: (line) => {
        if (performance.now() >= next) {
          next = performance.now() + period;
          stream.write(`${line}\n`);
        }
      },
      end: () => undefined,
    };
  }
  return {
    tell: (line) => {
      clear();
      stream.write(line.length < columns ? line : `${line.slice(0, columns - 2)}…`);
    },
    end: clear,
  };
}
