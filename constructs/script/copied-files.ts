import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { TerraformStack } from "cdktf";
import { addCustomSynthesis } from "cdktf/lib/synthesize/synthesizer";
import { Construct, type IConstruct } from "constructs";

/** Some files, as they are now. */
interface Version {
  readonly files: readonly { readonly path: string; readonly content: Buffer }[];
  /** The same for the same contents, and no others. */
  readonly name: string;
}

/** By app, and by their paths. Every site has the same files, which are read once. */
const versions = new WeakMap<IConstruct, Map<string, Version>>();

/**
 * Files of this project that are copied beside the stack's JSON, so that no absolute path is synthesised. Their folder
 * is named after their contents, as CDKTF's own assets are; files that are there already stay.
 */
export class CopiedFiles extends Construct {
  /** Path of their folder for Terraform. */
  readonly folder: string;
  private readonly files: Version["files"];

  /**
   * @param id unique in the stack
   * @param paths absolute
   */
  constructor(scope: Construct, id: string, paths: readonly string[]) {
    super(scope, id);
    const { files, name } = versionFor(this.node.root, paths);
    this.files = files;
    this.folder = `./assets/${id}/${name}`;
    addCustomSynthesis(this, {
      onSynthesize: ({ outdir, manifest }) => {
        this.copyInto(join(outdir, manifest.forStack(TerraformStack.of(this)).workingDirectory));
      },
    });
  }

  /** Copies them into a stack's folder, and removes what earlier ones have left there. */
  private copyInto(stackFolder: string): void {
    const target = join(stackFolder, this.folder);
    const copyOf = (path: string) => join(target, basename(path));
    if (!this.files.every(({ path, content }) => holds(copyOf(path), content))) {
      rmSync(join(target, ".."), { recursive: true, force: true });
      mkdirSync(target, { recursive: true });
      this.files.forEach(({ path }) => {
        copyFileSync(path, copyOf(path));
      });
    }
  }
}

function versionFor(app: IConstruct, paths: readonly string[]): Version {
  const known = versions.get(app) ?? new Map<string, Version>();
  versions.set(app, known);
  const key = paths.join("\n");
  const version = known.get(key) ?? readVersion(paths);
  known.set(key, version);
  return version;
}

function readVersion(paths: readonly string[]): Version {
  const files = paths.map((path) => ({ path, content: readFileSync(path) }));
  const hash = createHash("md5");
  files.forEach(({ content }) => hash.update(content));
  return { files, name: hash.digest("hex").toUpperCase() };
}

function holds(path: string, content: Buffer): boolean {
  try {
    return readFileSync(path).equals(content);
  } catch {
    // Whatever is there, if anything, is replaced.
    return false;
  }
}
