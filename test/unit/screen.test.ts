import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { screenOf } from "../../cli/report/screen";
import { progressOn } from "../../local-cloud/python/progress";

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

test.each([
  [{ isTTY: true, columns: 200 }, "100", 200],
  [{ isTTY: true, columns: 40 }, undefined, 80],
  [{ isTTY: false }, undefined, 80],
  [{ isTTY: false }, "132", 132],
  [{ isTTY: false }, "40", 80],
  [{ isTTY: false }, "wide", 80],
])("lines to %j, with %s in COLUMNS, have %i characters", (stream, columns, width) => {
  expect(screenOf(stream, { COLUMNS: columns }).width).toBe(width);
});

/** A stream that keeps what is written to it. */
function recorded(isTTY: boolean) {
  const written: string[] = [];
  const write = (text: string) => written.push(text) > 0;
  return {
    written,
    stream: { isTTY, columns: 20, write } as Partial<NodeJS.WriteStream> as NodeJS.WriteStream,
  };
}

test("a log has a line about progress at once, and one every ten seconds", () => {
  const { written, stream } = recorded(false);
  const { tell, end } = progressOn(stream);
  for (let second = 0; second < 25; second++) {
    tell(`${second} s`);
    jest.advanceTimersByTime(1000);
  }
  end();
  expect(written).toEqual(["0 s\n", "10 s\n", "20 s\n"]);
});

test("a terminal shows the latest line about progress, cut to its width, and none in the end", () => {
  const { written, stream } = recorded(true);
  const { tell, end } = progressOn(stream);
  tell("a line that is longer than the terminal");
  end();
  const clear = ["\u001b[1G", "\u001b[2K"];
  expect(written).toEqual([...clear, "a line that is lon…", ...clear]);
});
