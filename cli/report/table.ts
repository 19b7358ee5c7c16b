import Table from "cli-table3";
import wrapAnsi from "wrap-ansi";

const gap = "  ";
const none = { left: "", right: "", top: "", bottom: "", mid: "", middle: gap };
const corners = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid"].flatMap((side) =>
    ["left", "mid", "right"].map((corner) => [`${side}-${corner}`, ""] as const),
  ),
);

/**
 * Rows in columns without lines. Where they don't fit, the widest columns are made narrower, and their cells continue
 * on further lines.
 *
 * @param width characters that a line may have
 */
export function table(rows: readonly (readonly string[])[], width: number): string {
  const widths = fit(columnsOf(rows), width);
  const made = new Table({
    // Left out, the library colours them.
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    chars: { ...none, ...corners },
    colWidths: widths,
  });
  made.push(...rows.map((row) => row.map((cell, column) => wrapped(cell, widths[column] ?? width))));
  return withoutTrailingSpace(made.toString());
}

/** Wraps a text to a width, with lines after the first indented. */
export function wrapped(text: string, width: number, indent = ""): string {
  return wrapAnsi(text, width, { hard: true }).replaceAll("\n", `\n${indent}`);
}

/** Wraps the lines of a text that are longer than a width, and leaves the others as they are. */
export function fitted(text: string, width: number): string {
  return text
    .split("\n")
    .map((line) => (shownLength(line) > width ? wrapped(line, width) : line))
    .join("\n");
}

function withoutTrailingSpace(text: string): string {
  return text.replaceAll(/ +$/gm, "");
}

/** A column's natural width, and the least without breaking a word. */
interface Column {
  readonly natural: number;
  readonly word: number;
}

function columnsOf(rows: readonly (readonly string[])[]): Column[] {
  const longest = (column: number, separator: RegExp) =>
    Math.max(1, ...rows.flatMap((row) => (row[column] ?? "").split(separator).map(shownLength)));
  return Array.from({ length: Math.max(0, ...rows.map(({ length }) => length)) }, (_, column) => ({
    natural: longest(column, /\n/),
    word: longest(column, /\s/),
  }));
}

/** Visible characters, without the escape sequences that colour them. */
function shownLength(text: string): number {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/\u001b\[\d+m/g, "").length;
}

/** The widest columns become narrower until all fit: those first that can without breaking a word. */
function fit(columns: readonly Column[], width: number): number[] {
  const widths = columns.map(({ natural }) => natural);
  const room = width - gap.length * (widths.length - 1);
  while (widths.reduce((sum, one) => sum + one, 0) > room) {
    const breakable = widths.map((one, index) => (one > (columns[index]?.word ?? 1) ? one : 0));
    const choice = Math.max(...breakable) > 0 ? breakable : widths;
    const widest = choice.indexOf(Math.max(...choice));
    widths[widest] = (widths[widest] ?? 1) - 1;
  }
  return widths;
}
