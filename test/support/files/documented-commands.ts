import { readFileSync } from "node:fs";

/**
 * The blocks of shell commands that a section of a Markdown document shows, in their order.
 * @throws Error when there is no such section, or it shows none
 */
export function documentedCommands(file: string, heading: string): string[] {
  const [, section = ""] = `\n${readFileSync(file, "utf8")}`.split(`\n## ${heading}\n`);
  const blocks = [...(section.split(/\n## /)[0] ?? "").matchAll(/^ *```sh\n(.*?)^ *```$/gms)];
  if (blocks.length === 0) {
    throw new Error(`${file} shows no commands under "${heading}"`);
  }
  return blocks.map(([, block = ""]) => block);
}
