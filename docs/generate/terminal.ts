/** How a terminal shows characters, by the escape sequences that begin it. */
const styles: Readonly<Record<string, string>> = {
  "1": "bold",
  "2": "dim",
  "31": "bad",
  "32": "good",
  "33": "changing",
};

/** The sequences that end it. */
const ends: Readonly<Record<string, readonly string[]>> = {
  "0": Object.values(styles),
  "22": ["bold", "dim"],
  "39": ["bad", "good", "changing"],
};

const cell = { width: 7.8, height: 18 };
const margin = 18;

/** Characters of a line that look alike, without two spaces in a row: what follows has its own place. */
interface Run {
  readonly column: number;
  readonly text: string;
  readonly style: string;
}

/**
 * An SVG of a terminal in which a command has been run.
 *
 * @param command as its user has typed it
 * @param recording all that it has written: lines, with escape sequences for bold, dim, red, green and yellow
 * @throws Error when the recording has another escape sequence
 */
export function terminalPicture(command: string, recording: string): string {
  const lines = [`\u001b[2m$\u001b[22m ${command}`, "", ...recording.trimEnd().split("\n")].map(runsOf);
  const columns = Math.max(...lines.flat().map(({ column, text }) => column + text.length));
  const [width, height] = [
    Math.ceil(columns * cell.width) + 2 * margin,
    lines.length * cell.height + 2 * margin,
  ];
  const texts = lines.flatMap((runs, row) => runs.map((run) => drawn(run, row)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal after ${escaped(command)}">
<style>
  rect { fill: #0d1117; stroke: #3d444d; }
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6edf3; white-space: pre; }
  .bold { font-weight: 700; }
  .dim { fill: #9198a1; }
  .good { fill: #3fb950; }
  .changing { fill: #d29922; }
  .bad { fill: #f85149; }
</style>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${texts.join("\n")}
</svg>
`;
}

function runsOf(line: string): Run[] {
  const runs: Run[] = [];
  const active = new Set<string>();
  let column = 0;
  // eslint-disable-next-line no-control-regex
  for (const part of line.split(/(\u001b\[\d+m)/)) {
    // eslint-disable-next-line no-control-regex
    const [, code] = /^\u001b\[(\d+)m$/.exec(part) ?? [];
    if (code !== undefined) {
      change(active, code);
      continue;
    }
    for (const { 0: text, index } of part.matchAll(/\S+(?: \S+)*/g)) {
      runs.push({ column: column + index, text, style: [...active].join(" ") });
    }
    column += part.length;
  }
  return runs;
}

function change(active: Set<string>, code: string): void {
  const [style, ended] = [styles[code], ends[code]];
  if (style === undefined && ended === undefined) {
    throw new Error(`The recording has the escape sequence [${code}m, for which there is no style`);
  }
  ended?.forEach((one) => active.delete(one));
  if (style !== undefined) {
    active.add(style);
  }
}

function drawn({ column, text, style }: Run, row: number): string {
  const x = Math.round((margin + column * cell.width) * 10) / 10;
  const y = margin + (row + 1) * cell.height - 5;
  // As wide as it is in a terminal, whatever the font.
  const width = Math.round(text.length * cell.width * 10) / 10;
  return `<text x="${x}" y="${y}" textLength="${width}"${style === "" ? "" : ` class="${style}"`}>${escaped(text)}</text>`;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
