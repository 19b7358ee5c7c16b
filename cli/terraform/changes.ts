import { stripVTControlCharacters } from "node:util";

/**
 * The summary in a line of Terraform's output that counts changes, such as "3 added, 0 changed, 1 destroyed" or
 * "3 to add, 0 to change, 1 to destroy"; undefined for other lines. Terraform and OpenTofu write the same.
 */
export function changesToldBy(line: string): string | undefined {
  return /^(?:(?:Apply|Destroy) complete! Resources|Plan): (.+)\.$/.exec(stripVTControlCharacters(line))?.[1];
}
