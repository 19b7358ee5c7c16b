import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { types } from "node:util";
import { ConfigError, type LoadedEnvironment } from "../config/load";
import { enterCdktfRun } from "./cdktf-runs";
import { isHeldBy, keptFolder, lockDeployment, lockVariable, userName } from "./lock";
import { makeFolder } from "./made-folder";
import { publishManifest, readManifest } from "./manifest";
import { CheckoutProblem } from "./problem";
import { callerIdentity, type ProcessIdentity } from "./process";
import { noteStatePlace, type StatePlace } from "./state-places";

/** The record in every output folder beside the stacks: the file of the environment that it belongs to. */
const markerFile = "environment.json";

/** The record of an environment in this checkout. */
type SynthesisedEnvironment = Pick<LoadedEnvironment, "name" | "file"> & {
  readonly config: StatePlace;
};

/**
 * The folder of an environment's synthesis: its own below `CDKTF_OUTDIR`, cdktf.out when unset or empty. So no two
 * environments ever read, initialise or carry out each other's stacks.
 *
 * @throws {ConfigError} when the environment's name can't name a folder there.
 */
export function outputFolder(
  variables: NodeJS.ProcessEnv,
  { name, file }: Pick<LoadedEnvironment, "name" | "file">,
): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9 ._-]*$/.test(name) || ["stacks", "manifest.json"].includes(name)) {
    throw new ConfigError([
      `${file}: the file's name is the name of its output folder: rename it to letters, digits, - and _, such as staging.json (got ${JSON.stringify(name)})`,
    ]);
  }
  return join(outputRoot(variables), name);
}

/** Seconds that a synthesis waits for others who only read. */
const patience = 60;

/**
 * Lets `synthesise` write the stacks of an environment into its folder, removes those that the environment no longer
 * has, and tells the CDKTF CLI where the stacks are, if that is what started this process. Nobody else works on the
 * deployment meanwhile: it is locked by the command that started this process, or here.
 *
 * @throws {ConfigError} when another environment file of the same name has written there.
 * @throws {CheckoutProblem} when somebody else works on the deployment, or the CDKTF CLI on another one in this folder;
 * when the folder can't be written.
 */
export async function writeOutput(
  variables: NodeJS.ProcessEnv,
  environment: SynthesisedEnvironment,
  synthesise: (outdir: string) => void,
  keep = keptFolder,
): Promise<void> {
  const deployment = environment.config.name;
  if (isHeldBy(keep, deployment, variables[lockVariable])) {
    write(variables, environment, synthesise, keep);
    return;
  }
  // Set only by the CDKTF CLI.
  const byCdktf = variables["CDKTF_CONTINUE_SYNTH_ON_ERROR_ANNOTATIONS"] !== undefined;
  const cdktf = byCdktf ? callerIdentity() : undefined;
  const lock = await lockDeployment(keep, {
    command: byCdktf ? "npx cdktf" : "main.ts",
    deployment,
    changes: false,
    patience: ({ changes }) => (changes ? 0 : patience),
    within: cdktf,
  });
  try {
    write(variables, environment, synthesise, keep);
    if (byCdktf) {
      await lead(cdktf, outputRoot(variables), environment, keep);
    }
  } finally {
    lock.release();
  }
}

/** Makes the CDKTF CLI read the stacks of this environment, and no other. */
async function lead(
  cdktf: ProcessIdentity | undefined,
  root: string,
  { name, config }: SynthesisedEnvironment,
  keep: string,
): Promise<void> {
  const publish = () => {
    publishManifest(root, name);
  };
  if (cdktf === undefined) {
    publish();
    return;
  }
  const since = new Date().toISOString();
  const run = { process: cdktf, deployment: config.name, environment: name, root, user: userName(), since };
  await enterCdktfRun(keep, run, publish);
}

function write(
  variables: NodeJS.ProcessEnv,
  environment: SynthesisedEnvironment,
  synthesise: (outdir: string) => void,
  keep: string,
): void {
  const outdir = outputFolder(variables, environment);
  try {
    makeFolder(outdir);
    // The CDKTF CLI leaves its plans there, which hold activation codes.
    chmodSync(outdir, 0o700);
    mark(outdir, environment.file);
    synthesise(outdir);
    removeStaleStacks(outdir);
  } catch (error) {
    throw isAbout(outdir, error) ? unwritable(variables, error) : error;
  }
  noteStatePlace(keep, environment.file, environment.config);
}

/** Whether an error of the file system is about a folder, what is in it, or a folder that it is in. */
function isAbout(folder: string, error: unknown): error is NodeJS.ErrnoException {
  // A copy that fails names its source, which may be the reason.
  if (!types.isNativeError(error) || "dest" in error) {
    return false;
  }
  const { code, path } = error as NodeJS.ErrnoException;
  const within = (inner: string, outer: string) =>
    `${inner}/`.startsWith(outer === "/" ? outer : `${outer}/`);
  return (
    (code === "ERR_INVALID_ARG_VALUE" && folder.includes("\0")) ||
    (path !== undefined && (within(path, folder) || within(folder, path)))
  );
}

function unwritable({ CDKTF_OUTDIR: chosen = "" }: NodeJS.ProcessEnv, { message }: Error): CheckoutProblem {
  return new CheckoutProblem(
    chosen === ""
      ? `cdktf.out can't be written (${message}): make it writable, or set CDKTF_OUTDIR to a folder that is`
      : `CDKTF_OUTDIR is ${JSON.stringify(chosen)}, where the output can't be written (${message}): set it to a folder that you can write to, or unset it for cdktf.out`,
  );
}

function outputRoot(variables: NodeJS.ProcessEnv): string {
  const { CDKTF_OUTDIR: chosen = "" } = variables;
  return resolve(chosen === "" ? "cdktf.out" : chosen);
}

function mark(outdir: string, file: string): void {
  const marker = join(outdir, markerFile);
  const owner = existsSync(marker)
    ? (JSON.parse(readFileSync(marker, "utf8")) as { readonly file: string }).file
    : file;
  // A file that has been renamed, or is gone, needs its folder no longer.
  if (owner !== file && existsSync(owner)) {
    const folder = relative(process.cwd(), outdir);
    throw new ConfigError([
      `${file}: its output folder ${folder} is that of ${owner}, which has the same name: rename one of the two, or give it another CDKTF_OUTDIR`,
    ]);
  }
  writeFileSync(marker, `${JSON.stringify({ file }, undefined, 2)}\n`);
}

function removeStaleStacks(outdir: string): void {
  const stacks = join(outdir, "stacks");
  const current = Object.keys(readManifest(outdir).stacks);
  for (const id of readdirSync(stacks).filter((name) => !current.includes(name))) {
    // Terraform leaves a state there that it could save nowhere else: it may be the only record of what runs.
    if (!existsSync(join(stacks, id, "errored.tfstate"))) {
      rmSync(join(stacks, id), { recursive: true });
    }
  }
}
