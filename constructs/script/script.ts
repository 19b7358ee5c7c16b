import { basename, join } from "node:path";
import { AssetType, TerraformAsset, type LocalExecProvisioner } from "cdktf";
import type { Construct } from "constructs";

/**
 * Calls to AWS for scripts, which find it by their setting `AWS_LIBRARY`, and beside it the program that obtains an AWS
 * CLI where there is none. Depends on no state, so that the destroy provisioners of earlier releases find it, too.
 */
export class AwsLibrary extends TerraformAsset {
  constructor(scope: Construct) {
    super(scope, "aws", { path: join(__dirname, "aws"), type: AssetType.DIRECTORY });
  }

  /** Path of the script that others source, for Terraform. */
  get location(): string {
    return `./${this.path}/aws.sh`;
  }
}

/** A file of this project, copied beside the stack's JSON with its mode, so that no absolute path is synthesised. */
export class Script extends TerraformAsset {
  /** @param path absolute; the file's name is unique in the stack */
  constructor(scope: Construct, path: string) {
    super(scope, basename(path).replace(/\..*$/, ""), { path });
  }

  /**
   * Its path for Terraform. `path.module` evaluates to `./` in a root module; CDKTF would escape the expression itself
   * in the arguments of a function.
   */
  get location(): string {
    return `./${this.path}`;
  }

  /** Runs it on this machine once a resource is created, or before it is destroyed. */
  run(environment: Readonly<Record<string, string>>, when?: "destroy"): LocalExecProvisioner {
    return { type: "local-exec", when, command: `bash ${this.location}`, environment };
  }
}
