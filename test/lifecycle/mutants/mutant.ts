import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { edited, type Edit } from "../../support/files/exact-edit";
import type { nodePromises } from "../../support/deployments/node-promises";
import type { Block, StackJson } from "../../support/synthesis/synth";

/** A wrong version of what is synthesised for a site. */
export interface Mutant {
  readonly name: string;
  /** The promise that it breaks. */
  readonly breaks: keyof typeof nodePromises;
  /** How that shows. */
  readonly shows: string;
  /** Changes of the copies of scripts, by file name. */
  readonly scripts?: Readonly<Record<string, readonly Edit[]>>;
  /** Changes of the stack. */
  readonly stack?: (stack: StackJson) => StackJson;
}

/** Makes the copies of scripts in the folder of a stack wrong. @throws Error when they aren't any more what it changes */
export function mutateScripts(folder: string, { scripts = {} }: Pick<Mutant, "scripts">): void {
  for (const [name, edits] of Object.entries(scripts)) {
    const file = assetOf(folder, name);
    writeFileSync(file, edited(readFileSync(file, "utf8"), edits));
  }
}

/** Makes a stack's JSON wrong. @throws Error when it isn't any more what the mutant changes */
export function mutateStack(file: string, { stack }: Pick<Mutant, "stack">): void {
  if (stack === undefined) {
    return;
  }
  const before = JSON.parse(readFileSync(file, "utf8")) as StackJson;
  const after = stack(before);
  if (isDeepStrictEqual(before, after)) {
    throw new Error(`the mutant changes nothing of ${file}`);
  }
  writeFileSync(file, JSON.stringify(after, undefined, 2));
}

function assetOf(folder: string, name: string): string {
  const assets = join(folder, "assets");
  const [file] = readdirSync(assets, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(`/${name}`),
  );
  if (file === undefined) {
    throw new Error(`no asset ${name} in ${assets}`);
  }
  return join(assets, file);
}

/** The same stack with a resource changed, or without it. */
export function withResource(
  stack: StackJson,
  [type, name]: readonly [type: string, name: string],
  change: ((block: Block) => Block) | undefined,
): StackJson {
  const { [name]: block, ...others } = stack.resource[type] ?? {};
  if (block === undefined) {
    throw new Error(`no resource ${type}.${name}`);
  }
  const changed = change === undefined ? others : { ...others, [name]: change(block) };
  return { ...stack, resource: { ...stack.resource, [type]: changed } };
}
