import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "./whole-file";

/** The file that CDKTF writes beside the stacks; its paths are relative to its folder. */
export interface Manifest {
  readonly version: string;
  readonly stacks: Readonly<Record<string, StackManifest>>;
}

/** A stack's entry in the manifest. */
export interface StackManifest {
  readonly synthesizedStackPath: string;
  readonly workingDirectory: string;
  readonly stackMetadataPath: string;
  readonly dependencies: readonly string[];
}

const manifestFile = "manifest.json";

/** The manifest in a folder. */
export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, manifestFile), "utf8")) as Manifest;
}

/**
 * Gives `root` the manifest of the stacks in its folder `environment`. The CDKTF CLI looks for it there, and runs
 * Terraform where its entries say.
 */
export function publishManifest(root: string, environment: string): void {
  const { version, stacks } = readManifest(join(root, environment));
  const below = (path: string) => join(environment, path);
  const moved = Object.entries(stacks).map(([id, stack]) => [
    id,
    {
      ...stack,
      synthesizedStackPath: below(stack.synthesizedStackPath),
      workingDirectory: below(stack.workingDirectory),
      stackMetadataPath: below(stack.stackMetadataPath),
    },
  ]);
  const manifest = { version, stacks: Object.fromEntries(moved) as unknown };
  writeWhole(join(root, manifestFile), JSON.stringify(manifest, undefined, 2));
}
