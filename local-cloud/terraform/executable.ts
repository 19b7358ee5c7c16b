import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { delimiter, resolve } from "node:path";
import { promisify } from "node:util";
import { byVersion } from "./mirrors";

const oldestTerraform = "1.9.0";

/**
 * The first terraform in PATH that isn't a local cloud's wrapper, and its version.
 * @throws Error, one line, when there is none or it is older than 1.9
 */
export async function findTerraform(
  environment: NodeJS.ProcessEnv,
): Promise<{ readonly executable: string; readonly version: string }> {
  const remedy = `install Terraform ${oldestTerraform.slice(0, 3)} or newer: https://developer.hashicorp.com/terraform/install`;
  const executable = await findProgram("terraform", environment);
  if (executable === undefined) {
    throw new Error(`terraform isn't in PATH; ${remedy}`);
  }
  const version = await versionOf(executable, environment);
  if (byVersion(version, oldestTerraform) < 0) {
    throw new Error(`${executable} is version ${version}; ${remedy}`);
  }
  return { executable, version };
}

/** The first program of a name in PATH that isn't a local cloud's wrapper. */
export async function findProgram(name: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (environment.PATH ?? "").split(delimiter).filter((path) => path !== "")) {
    const executable = resolve(folder, name);
    if ((await isExecutable(executable)) && !(await isWrapper(executable))) {
      return executable;
    }
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function isWrapper(path: string): Promise<boolean> {
  return access(`${await realpath(path)}.settings`).then(
    () => true,
    () => false,
  );
}

async function versionOf(executable: string, environment: NodeJS.ProcessEnv): Promise<string> {
  // A configuration file that the variable names but that doesn't exist makes every command complain.
  const env = { PATH: environment.PATH, HOME: environment.HOME, CHECKPOINT_DISABLE: "1" };
  const { stdout } = await promisify(execFile)(executable, ["version", "-json"], { env, timeout: 10_000 });
  const { terraform_version: version } = JSON.parse(stdout) as { terraform_version: string };
  return version;
}
