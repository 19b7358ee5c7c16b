import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { LocalExecProvisioner } from "cdktf";
import type { Construct } from "constructs";
import { CopiedFiles } from "./copied-files";

/**
 * Calls to AWS for scripts, which find it by their setting `AWS_LIBRARY`, and beside it the program that obtains an AWS
 * CLI where there is none. Depends on no state, so that the destroy provisioners of earlier releases find it, too.
 */
export class AwsLibrary extends CopiedFiles {
  constructor(scope: Construct) {
    const folder = join(__dirname, "aws");
    const files = readdirSync(folder).sort();
    super(
      scope,
      "aws",
      files.map((file) => join(folder, file)),
    );
  }

  /** Path of the script that others source, for Terraform. */
  get location(): string {
    return `${this.folder}/aws.sh`;
  }
}

/** A file of this project, copied beside the stack's JSON. */
export class Script extends CopiedFiles {
  private readonly name: string;

  /** @param path absolute; the file's name is unique in the stack */
  constructor(scope: Construct, path: string) {
    const name = basename(path);
    super(scope, name.replace(/\..*$/, ""), [path]);
    this.name = name;
  }

  /**
   * Its path for Terraform. `path.module` evaluates to `./` in a root module; CDKTF would escape the expression itself
   * in the arguments of a function.
   */
  get location(): string {
    return `${this.folder}/${this.name}`;
  }

  /** Runs it on this machine once a resource is created, or before it is destroyed. */
  run(environment: Readonly<Record<string, string>>, when?: "destroy"): LocalExecProvisioner {
    return { type: "local-exec", when, command: `bash ${this.location}`, environment };
  }
}
