import type { Screen } from "../../cli/report/screen";
import { fitted, wrapped } from "../../cli/report/table";
import type { Picture } from "./picture";

/** Lines for people, for any screen. */
export type Text = (screen: Screen) => string;

/** A step that is over. */
export interface EndedStep {
  readonly title: string;
  readonly seconds: number;
  readonly ended: "well" | "badly";
  /** Its result; empty when it failed. */
  readonly result: Text;
  /** Whether that needs the whole width. */
  readonly wide?: boolean | undefined;
}

/** A step that runs. */
export interface RunningStep {
  readonly title: string;
  /** Whole seconds so far. */
  readonly seconds: number;
  readonly picture: Picture | undefined;
  /** Titles of those that follow. */
  readonly next: readonly string[];
}

/** Columns in front of a step's title, which hold its mark and its time. */
const margin = 11;
/** Columns in front of a result that needs the whole width. */
const smallMargin = 2;

/** Seconds in short: `9.4 s`, `58 s`. */
const inSeconds = (seconds: number): string => `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;

/** The line of a step that is over, and its result below. */
export function endedStep(
  { title, seconds, ended, result, wide = false }: EndedStep,
  screen: Screen,
): string {
  const mark = ended === "well" ? screen.good("✔") : screen.bad("✖");
  const text = indented(result, screen, wide ? smallMargin : margin);
  return [`${mark}${time(inSeconds(seconds))}${screen.title(title)}`, ...text].join("\n");
}

/** The line of a running step, its picture, and the steps that follow. */
export function runningStep({ title, seconds, picture, next }: RunningStep, screen: Screen): string {
  return [
    `${screen.changing("▸")}${time(`${seconds} s`)}${screen.title(title)}`,
    ...indented((narrowed) => picture?.draw(narrowed) ?? "", screen, margin),
    ...next.map((one) => screen.dim(`·${" ".repeat(margin - 1)}${one}`)),
  ].join("\n");
}

/** Names in front of texts, which are wrapped. */
export function list(entries: readonly (readonly [name: string, text: string])[], screen: Screen): string {
  const width = Math.max(...entries.map(([name]) => name.length)) + 2;
  return entries
    .map(
      ([name, text]) =>
        `${screen.dim(name.padEnd(width))}${wrapped(text, screen.width - width, " ".repeat(width))}`,
    )
    .join("\n");
}

const time = (text: string): string => ` ${text.padStart(margin - 4)}  `;

function indented(text: Text, screen: Screen, columns: number): string[] {
  const width = screen.width - columns;
  const drawn = fitted(text({ ...screen, width }), width);
  return drawn === "" ? [] : drawn.split("\n").map((line) => `${" ".repeat(columns)}${line}`.trimEnd());
}
