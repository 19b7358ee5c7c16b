import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import type { Environment } from "../../environment";
import { startRelay } from "../../providers/relay/start";
import type { Account } from "../state/account";
import { identityVariables, type Identity } from "./identity";
import type { Log } from "./log";
import { placePrograms } from "./programs";
import type { Run } from "./run";
import { handOver, type User } from "./user";

/** The settings that runs are executed with. */
export interface WorkerOptions {
  /** Folder of the runs, with a path that is short enough for the Unix sockets of providers. */
  readonly folder: string;
  /** The user of the runs; undefined for the one who has started the local cloud. */
  readonly user: User | undefined;
  /** The terraform that users run. */
  readonly executable: string;
  /** Beginning of the CLI configuration of every run: the sources of its providers. */
  readonly configuration: string;
  /**
   * The variables of the local world: its endpoints, stand-in providers and trusted certificates. HCP Terraform has the
   * real clouds instead; nothing else of the local cloud, and nothing of its user, reaches a run.
   */
  readonly localWorld: Environment;
  /** The mirror with a relay to the AWS provider, if there is one. */
  readonly relay: string | undefined;
  readonly identity: Identity;
}

/** How Terraform ended. */
interface Ended {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** The computer of one phase of a run: its own home and credentials, and the folder of the configuration. */
export interface Worker {
  /** Runs Terraform, with its output in the log, if one is given. @throws Canceled when the run is canceled. */
  terraform(args: readonly string[], log?: Log): Promise<Ended>;
  /** Ends the run's credentials, and removes what it has left. */
  close(): Promise<void>;
}

/** The run was cancelled: nothing more is done for it. */
export class Canceled extends Error {}

function refuseCanceled({ isCanceled }: Run): void {
  if (isCanceled) {
    throw new Canceled("the run was canceled");
  }
}

/** Removes everything that a run has left. Saved plans hold secrets. */
export function removeFiles({ folder }: WorkerOptions, { id }: Run): void {
  rmSync(join(folder, id), { recursive: true, force: true });
}

/** Unpacks a run's configuration into its own folder. */
export async function unpack({ folder, user }: WorkerOptions, run: Run): Promise<void> {
  const place = configurationOf(folder, run);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  if (user !== undefined) {
    handOver(join(folder, run.id), user);
  }
  const tar = spawn("tar", ["-xzf", "-", "-C", place], { ...user, stdio: ["pipe", "ignore", "ignore"] });
  tar.stdin.end(run.configuration.archive);
  const code = await new Promise((resolve, reject) => tar.once("close", resolve).once("error", reject));
  if (code !== 0) {
    throw new Error(`the configuration can't be unpacked: tar ended with exit code ${String(code)}`);
  }
}

/** Makes the computer of a phase. */
export async function startWorker(
  account: Account,
  options: WorkerOptions,
  run: Run,
  phase: "plan" | "apply",
): Promise<Worker> {
  const { folder, user, executable, localWorld, identity } = options;
  const home = join(folder, run.id, phase);
  const bin = join(home, "bin");
  mkdirSync(bin, { recursive: true, mode: 0o700 });
  const temporary = mkdtempSync(join(folder, "run-"));
  placePrograms(bin, user);
  const token = randomBytes(24).toString("hex");
  const configuration = join(home, "terraformrc");
  const { host } = new URL(account.origin);
  writeFileSync(configuration, `${options.configuration}credentials "${host}" {\n  token = "${token}"\n}\n`, {
    mode: 0o600,
  });
  const own = variablesOf(run, "env");
  if (user !== undefined) {
    [home, temporary].forEach((path) => handOver(path, user));
  }
  const relay = await startRelay({ mirror: options.relay, socket: join(temporary, "relay"), user });
  // In HCP Terraform's order of precedence: a workspace can't override the facts of the run.
  const environment: Environment = {
    PATH: [bin, "/nonexistent"].join(delimiter),
    LANG: "C.UTF-8",
    ...localWorld,
    ...relay.variables,
    ...own,
    ...identityVariables({ account, run, phase, home, own }, identity),
    HOME: home,
    TMPDIR: temporary,
    TF_CLI_CONFIG_FILE: configuration,
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    CHECKPOINT_DISABLE: "1",
    // The operation runs on the worker, and the run has the lock already.
    TF_FORCE_LOCAL_BACKEND: "1",
    // Tells Terraform that its worker supports `import` blocks, which need 1.10.
    TFC_AGENT_VERSION: "1.22.0",
    TFE_RUN_ID: run.id,
    TFC_RUN_ID: run.id,
    TFC_WORKSPACE_NAME: run.workspace.name,
    TFC_WORKSPACE_SLUG: `${account.organisation}/${run.workspace.name}`,
    TFC_PROJECT_NAME: run.workspace.project.name,
    ...Object.fromEntries(
      Object.entries(variablesOf(run, "terraform")).map(([name, value]) => [`TF_VAR_${name}`, value]),
    ),
  };
  account.callers.set(token, { kind: "run", run: run.id, workspace: run.workspace.id });
  return {
    terraform: async (args, log) => {
      refuseCanceled(run);
      const child = spawn(executable, args, {
        ...user,
        cwd: configurationOf(folder, run),
        env: environment,
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      });
      run.interrupt = () => child.kill("SIGINT");
      const stdout = log === undefined ? buffer(child.stdout) : Promise.resolve(Buffer.alloc(0));
      if (log !== undefined) {
        child.stdout.on("data", (printed: Buffer) => log.write(printed));
      }
      const stderr = text(child.stderr);
      child.stderr.on("data", (printed: Buffer) => log?.write(printed));
      const exitCode = await new Promise<number>((resolve, reject) => {
        child.once("close", (code) => resolve(code ?? 1)).once("error", reject);
      });
      run.interrupt = undefined;
      refuseCanceled(run);
      return { exitCode, stdout: await stdout, stderr: await stderr };
    },
    close: async () => {
      account.callers.delete(token);
      await relay.close();
      [home, temporary].forEach((path) => rmSync(path, { recursive: true, force: true }));
    },
  };
}

function configurationOf(folder: string, { id }: Run): string {
  return join(folder, id, "configuration");
}

function variablesOf({ workspace }: Run, category: "env" | "terraform"): Environment {
  return Object.fromEntries(
    [...workspace.variables.values()]
      .filter((variable) => variable.category === category)
      .map(({ key, value }) => [key, value]),
  );
}
