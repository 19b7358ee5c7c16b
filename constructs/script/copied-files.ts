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

  /**
   * @param id unique in the stack
   * @param files absolute paths
   */
  constructor(
    scope: Construct,
    id: string,
    private readonly files: readonly string[],
  ) {
    super(scope, id);
    const hash = createHash("md5");
    files.forEach((file) => hash.update(readFileSync(file)));
    this.folder = `./assets/${id}/${hash.digest("hex").toUpperCase()}`;
  }

  /** Copies them into a stack's folder, and removes what earlier ones have left there. */
  copyInto(stackFolder: string): void {
    const target = join(stackFolder, this.folder);
    const copies = this.files.map((file) => ({ file, copy: join(target, basename(file)) }));
    if (
      !copies.every(({ file, copy }) => existsSync(copy) && readFileSync(copy).equals(readFileSync(file)))
    ) {
      rmSync(join(target, ".."), { recursive: true, force: true });
      mkdirSync(target, { recursive: true });
      copies.forEach(({ file, copy }) => {
        copyFileSync(file, copy);
      });
    }
  }
}
