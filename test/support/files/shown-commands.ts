import { readFileSync } from "node:fs";

/** A command line of this project that a document shows. */
export interface ShownCommand {
  /** Arguments of `anywhere`. */
  readonly args: readonly string[];
  /** All that it prints there; empty where only the command is shown. */
  readonly output: string;
}

const prompt = /^\$ npx anywhere /m;

/** The commands that a section of a Markdown document shows together with what they print. */
export function shownUnder(file: string, heading: string): ShownCommand[] {
  const [, section = ""] = readFileSync(file, "utf8").split(`\n## ${heading}\n`);
  const [whole = ""] = section.split(/\n## /);
  const blocks = [...whole.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.flatMap((block) =>
    block
      .split(prompt)
      .slice(1)
      .map((one) => {
        const [line = "", ...output] = one.split("\n");
        return { args: line.split(" "), output: output.join("\n") };
      }),
  );
}

/** A placeholder in a command. */
const placeholders: Readonly<Record<string, string>> = { site: "ams3", node: "node-1", job: "report" };

/** The arguments of each different `npx anywhere` that a Markdown document names, in words or in a block. */
export function namedIn(file: string): string[][] {
  const text = readFileSync(file, "utf8");
  const named = [/`npx anywhere ([^`]+)`/g, /^\$ npx anywhere (.+)$/gm].flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, line = ""]) => line),
  );
  const lines = named.map((line) =>
    line.replace(/<(\w+)[^>]*>/g, (_, name: string) => placeholders[name] ?? "web").replace(/\s+/g, " "),
  );
  return [...new Set(lines)].map((line) => line.split(" "));
}

/** Parts that differ from run to run: identifiers, times, versions, addresses; and how wide columns are. */
const differences: readonly (readonly [RegExp, string])[] = [
  [/\bmi-[0-9a-f]{17}\b/g, "<managed instance>"],
  [/\b[0-9a-f]{32}\b/g, "<task>"],
  [/\b[0-9a-f]{8}\b/g, "<id>"],
  [/\bg[0-9a-f]{11}\b/g, "<generation>"],
  [/\becs-svc\/\d+\b/g, "<deployment>"],
  [/\b\d{12}\b/g, "<account>"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, "<time>"],
  [/\b\d\d:\d\d:\d\d\b/g, "<time>"],
  [/\b\d+ s (ahead of|behind)\b/g, "<seconds> off"],
  [/http:\/\/[\d.]+/g, "http://<address>"],
  [/\b\d+(\.\d+)+(\(\d+\)-release)?(?=,|\s|$)/g, "<version>"],
  [/\ball \d+ required actions\b/g, "all <number> required actions"],
  [/(\d+ tasks? left\s+)+/g, "<tasks left> "],
  [/\s+/g, " "],
];

export const comparable = (text: string): string =>
  differences.reduce((rest, [pattern, name]) => rest.replaceAll(pattern, name), text).trim();
