import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStackJson } from "./stacks";

/** Inputs besides the stack itself that decide what an `init` installs, and for which state. */
const deciding = [
  "TF_CLI_ARGS",
  "TF_CLI_ARGS_init",
  "TF_PLUGIN_CACHE_DIR",
  "TF_REATTACH_PROVIDERS",
  "TF_WORKSPACE",
];

/**
 * Whether a folder's backend, providers and lock file are as its last `init` left them. A workspace of HCP Terraform
 * may have been deleted meanwhile, and only an `init` creates it again.
 */
export function isInitialised(folder: string, command: string, variables: NodeJS.ProcessEnv): boolean {
  const { cloud } = readStackJson(join(folder, "cdk.tf.json")).terraform;
  return cloud === undefined && textOf(noteIn(folder)) === markOf(folder, command, variables);
}

/** To be called after an `init`. */
export function noteInitialised(folder: string, command: string, variables: NodeJS.ProcessEnv): void {
  if (existsSync(join(folder, ".terraform"))) {
    writeFileSync(noteIn(folder), markOf(folder, command, variables));
  }
}

const noteIn = (folder: string): string => join(folder, ".terraform", "anywhere-initialised");

function markOf(folder: string, command: string, variables: NodeJS.ProcessEnv): string {
  const parts = [
    command,
    deciding.map((name) => variables[name] ?? ""),
    readStackJson(join(folder, "cdk.tf.json")).terraform,
    readdirSync(folder)
      .filter((name) => /\.tf(\.json)?$/.test(name) && name !== "cdk.tf.json")
      .sort()
      .map((name) => textOf(join(folder, name))),
    // Checksums are added to it, which is no reason for an `init`.
    textOf(join(folder, ".terraform.lock.hcl"))?.match(/^(provider "| +version +=).*$/gm),
    textOf(join(folder, ".terraform", "terraform.tfstate")),
    installedIn(join(folder, ".terraform", "providers")),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** The contents of the providers' folder, without links into a plugin cache that has been emptied. */
function installedIn(providers: string): string[] {
  const all = existsSync(providers) ? readdirSync(providers, { recursive: true, encoding: "utf8" }) : [];
  return all.filter((path) => existsSync(join(providers, path))).sort();
}

function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
