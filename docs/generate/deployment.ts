import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "cdktf";
import { parseConfig } from "../../config/load";
import type { Environment } from "../../config/schema";
import { buildStacks } from "../../stacks/build";

interface Block {
  readonly for_each?: string;
}

interface Written {
  readonly locals?: Readonly<Record<string, object>>;
  readonly resource: Readonly<Record<string, Readonly<Record<string, Block>>>>;
}

/** A stack as it is synthesised. */
export interface DrawnStack {
  readonly name: string;
  /** Names of the stacks that go before it, without those that others of them need anyway. */
  readonly after: readonly string[];
  /** How many resources there are by `type.name`, as far as the JSON tells without a plan. */
  readonly resources: ReadonlyMap<string, number>;
}

interface Manifest {
  readonly stacks: Readonly<
    Record<string, { readonly synthesizedStackPath: string; readonly dependencies: readonly string[] }>
  >;
}

/** The stacks of an environment. */
export function stacksOf(environment: Environment): DrawnStack[] {
  const outdir = mkdtempSync(join(tmpdir(), "pictures-"));
  try {
    const app = new App({ outdir, skipBackendValidation: true });
    buildStacks(app, parseConfig(environment, "pictures"), {});
    app.synth();
    const { stacks } = JSON.parse(readFileSync(join(outdir, "manifest.json"), "utf8")) as Manifest;
    return Object.entries(stacks).map(([name, { synthesizedStackPath, dependencies }]) => ({
      name,
      after: dependencies.filter((one) =>
        dependencies.every((other) => !reaches(stacks, other, one) || other === one),
      ),
      resources: countsOf(JSON.parse(readFileSync(join(outdir, synthesizedStackPath), "utf8")) as Written),
    }));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Whether a stack needs another, by way of others too. */
function reaches(stacks: Manifest["stacks"], from: string, to: string): boolean {
  const { dependencies = [] } = stacks[from] ?? {};
  return dependencies.includes(to) || dependencies.some((next) => reaches(stacks, next, to));
}

function countsOf({ locals = {}, resource }: Written): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(resource).flatMap(([type, blocks]) =>
      Object.entries(blocks).map(([name, { for_each: each }]): [string, number] => {
        const [, local = ""] = /^\$\{local\.(\w+)\}$/.exec(each ?? "") ?? [];
        return [`${type}.${name}`, Object.keys(locals[local] ?? [name]).length];
      }),
    ),
  );
}
