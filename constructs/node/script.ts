import { join } from "node:path";
import { TerraformAsset } from "cdktf";
import type { Construct } from "constructs";

/** A file of this folder, copied beside the stack's JSON with its mode, so that no absolute path is synthesised. */
export class Script extends TerraformAsset {
  constructor(scope: Construct, file: string) {
    super(scope, file.replace(/\..*$/, ""), { path: join(__dirname, file) });
  }

  /**
   * Where Terraform finds it. `./` is what `path.module` evaluates to in a root module; the
   * expression itself would be escaped by CDKTF in the arguments of a function.
   */
  get location(): string {
    return `./${this.path}`;
  }
}
