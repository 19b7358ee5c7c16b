import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Environment } from "../../../config/schema";
import { run, type Command, type Ended } from "../../../demo/command";
import type { LocalCloud } from "../../../local-cloud/start";
import { shortWaits } from "../deployments/life-cycle";

/** Another checkout of the project, as a colleague or a pipeline has one, with an environment file of its own. */
export interface Checkout {
  readonly folder: string;
  configure(environment: Environment): void;
  /** One of the project's commands. */
  anywhere(...args: readonly string[]): Promise<Ended>;
  /** Where a stack's Terraform JSON lies, from the checkout. */
  folderOf(stack: string): string;
  /** The same checkout with more in the environment of its commands. */
  with(variables: NodeJS.ProcessEnv): Checkout;
  /** A command in the checkout, or in a folder of it. */
  command(program: string, args: readonly string[], folder?: string): Command;
}

const environmentFile = "environment.json";

/** Copies what git knows, and what it would take in, into a folder; commands there work against a local cloud. */
export function checkOut(cloud: LocalCloud, folder: string): Checkout {
  rmSync(folder, { recursive: true, force: true });
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
    maxBuffer: 2 ** 24,
  });
  // Only files in the work tree: one may be deleted without a commit.
  for (const file of files.split("\0").filter((name) => name !== "" && existsSync(name))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(file, join(folder, file));
  }
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  return open(cloud, folder, {});
}

function open(cloud: LocalCloud, folder: string, more: NodeJS.ProcessEnv): Checkout {
  const command: Checkout["command"] = (program, args, place = ".") => ({
    program,
    args,
    folder: join(folder, place),
    variables: { ...cloud.variables, ...shortWaits, ANYWHERE_ENV: environmentFile, ...more },
    log: `${folder}.log`,
    seconds: 480,
  });
  return {
    folder,
    command,
    with: (variables) => open(cloud, folder, variables),
    configure: (environment) => {
      writeFileSync(join(folder, environmentFile), JSON.stringify(environment));
    },
    anywhere: (...args) => run(command(process.execPath, ["cli/anywhere.js", ...args])),
    folderOf: (stack) => join("cdktf.out", "environment", "stacks", stack),
  };
}
