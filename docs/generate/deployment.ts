import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStacks, type Stack } from "../../cli/terraform/stacks";
import { parseConfig } from "../../config/load";
import type { Environment } from "../../config/schema";
import { writeStacks } from "../../stacks/write";

/** The parts of a stack's Terraform JSON that tell how many resources there are. */
interface Counted {
  readonly locals?: Readonly<Record<string, object>>;
  readonly resource: Readonly<Record<string, Readonly<Record<string, { readonly for_each?: string }>>>>;
}

/** A stack as it is synthesised. */
export interface DrawnStack {
  readonly name: string;
  /** Names of the stacks that go before it, without those that others of them need anyway. */
  readonly after: readonly string[];
  /** How many resources there are by `type.name`, as far as the JSON tells without a plan. */
  readonly resources: ReadonlyMap<string, number>;
}

/** The stacks of an environment, in the order in which they are deployed. */
export function stacksOf(environment: Environment): DrawnStack[] {
  const outdir = mkdtempSync(join(tmpdir(), "pictures-"));
  try {
    writeStacks(outdir, parseConfig(environment, "pictures"));
    const stacks = readStacks(outdir);
    const byName = new Map(stacks.map((stack) => [stack.id, stack]));
    return stacks.map(({ id, folder, dependencies }) => ({
      name: id,
      after: dependencies.filter((one) => !dependencies.some((other) => reaches(byName, other, one))),
      resources: countsOf(JSON.parse(readFileSync(join(folder, "cdk.tf.json"), "utf8")) as Counted),
    }));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Whether a stack needs another, by way of others too. */
function reaches(stacks: ReadonlyMap<string, Stack>, from: string, to: string): boolean {
  const { dependencies = [] } = stacks.get(from) ?? {};
  return dependencies.some((next) => next === to || reaches(stacks, next, to));
}

function countsOf({ locals = {}, resource }: Counted): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(resource).flatMap(([type, blocks]) =>
      Object.entries(blocks).map(([name, { for_each: each }]): [string, number] => {
        const [, local = ""] = /^\$\{local\.(\w+)\}$/.exec(each ?? "") ?? [];
        return [`${type}.${name}`, Object.keys(locals[local] ?? [name]).length];
      }),
    ),
  );
}
