import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { Construct } from "constructs";

/**
 * Files of this project that are copied beside the stack's JSON, so that no absolute path is synthesised. Their folder
 * is named after their contents, as CDKTF's own assets are; files that are there already stay.
 */
export class CopiedFiles extends Construct {
  /** Path of their folder for Terraform. */
  readonly folder: string;
  private readonly files: readonly { readonly path: string; readonly content: Buffer }[];

  /**
   * @param id unique in the stack
   * @param paths absolute
   */
  constructor(scope: Construct, id: string, paths: readonly string[]) {
    super(scope, id);
    this.files = paths.map((path) => ({ path, content: readFileSync(path) }));
    const hash = createHash("md5");
    this.files.forEach(({ content }) => hash.update(content));
    this.folder = `./assets/${id}/${hash.digest("hex").toUpperCase()}`;
  }

  /** Copies them into a stack's folder, and removes what earlier ones have left there. */
  copyInto(stackFolder: string): void {
    const target = join(stackFolder, this.folder);
    const copyOf = (path: string) => join(target, basename(path));
    const isCopied = ({ path, content }: (typeof this.files)[number]) =>
      existsSync(copyOf(path)) && readFileSync(copyOf(path)).equals(content);
    if (!this.files.every(isCopied)) {
      rmSync(join(target, ".."), { recursive: true, force: true });
      mkdirSync(target, { recursive: true });
      this.files.forEach(({ path }) => {
        copyFileSync(path, copyOf(path));
      });
    }
  }
}
