import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../../config/load";
import type { Environment } from "../../../config/schema";
import type { Circumstances } from "../../../stacks/build";
import { writeStacks } from "../../../stacks/write";

/** A block of Terraform JSON: attributes by name. */
export type Block = Readonly<Record<string, unknown>>;
type Blocks = Readonly<Record<string, Readonly<Record<string, Block>>>>;

/** A synthesised stack: what Terraform will read. */
export interface StackJson {
  readonly terraform: { readonly backend: Block; readonly required_providers: Block };
  readonly provider: Readonly<Record<string, readonly Block[]>>;
  readonly locals: Readonly<Record<string, Readonly<Record<string, Block>>>>;
  readonly resource: Blocks;
  readonly data?: Blocks;
  readonly import?: readonly Block[];
  readonly output: Readonly<Record<string, Block>>;
}

export type Stacks = Readonly<Record<string, StackJson>>;

/** Synthesises as main.ts does, and returns each stack by name. */
export function synth(environment: Environment, circumstances: Partial<Circumstances> = {}): Stacks {
  const directory = mkdtempSync(join(tmpdir(), "synth-"));
  try {
    return synthInto(join(directory, "cdktf.out"), environment, circumstances);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** As {@link synth}, and leaves what it wrote in `outdir`. */
export function synthInto(
  outdir: string,
  environment: Environment,
  circumstances: Partial<Circumstances> = {},
): Stacks {
  mkdirSync(outdir, { recursive: true });
  writeStacks(outdir, parseConfig(environment, "test"), circumstances);
  const stacks = join(outdir, "stacks");
  return Object.fromEntries(
    readdirSync(stacks).map((id) => [
      id,
      JSON.parse(readFileSync(join(stacks, id, "cdk.tf.json"), "utf8")) as StackJson,
    ]),
  );
}

/** A stack by id. */
export function stackOf(stacks: Stacks, id: string): StackJson {
  const stack = stacks[id];
  if (stack === undefined) {
    throw new Error(`no stack ${id} among ${Object.keys(stacks).join(", ")}`);
  }
  return stack;
}

/** The resource at an address such as `null_resource.guard`. */
export function resourceAt(stack: StackJson, address: string): Block {
  const [type = "", name = ""] = address.split(".");
  const block = stack.resource[type]?.[name];
  if (block === undefined) {
    throw new Error(`no resource ${address} among ${addresses(stack).join(", ")}`);
  }
  return block;
}

/** Addresses of all resource blocks, sorted. */
export function addresses(stack: StackJson): string[] {
  return Object.entries(stack.resource)
    .flatMap(([type, blocks]) => Object.keys(blocks).map((name) => `${type}.${name}`))
    .sort();
}
