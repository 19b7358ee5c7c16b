import { wrapped } from "../../cli/report/table";
import type { Picture } from "./picture";

/** Terraform's changes so far, by stack: `56 added, 0 changed, 0 destroyed`. */
export type Changes = ReadonlyMap<string, string>;

/** Stacks that Terraform has finished. */
export function stacksPicture(told: Changes): Picture {
  const changes = [...told].map(([stack, words]) => `${stack}: ${inShort(words)}`);
  return {
    draw: (screen) =>
      wrapped(changes.map((change) => change.replace(/^(.+): (.+)$/, "$1 ($2)")).join(", "), screen.width),
    changes,
  };
}

/** The numbers that aren't zero. */
function inShort(words: string): string {
  const told = words.split(", ").filter((part) => !part.startsWith("0 "));
  return told.length === 0 ? "nothing to change" : told.join(", ");
}

/** The stack and the words of a line in which one of the project's commands reports Terraform's success. */
export function changeToldBy(line: string): readonly [stack: string, words: string] | undefined {
  const [, stack, words] = /^(\S+) +\| (?:Apply|Destroy) complete! Resources: (.+)\.$/.exec(line) ?? [];
  return stack === undefined || words === undefined ? undefined : [stack, words];
}
