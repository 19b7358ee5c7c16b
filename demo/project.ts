import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { writeShellScript } from "../local-cloud/environment";
import type { LocalCloud } from "../local-cloud/start";
import { mustRun, run, type Command, type Ended } from "./command";

/** The parts of an environment file that are read and changed here. */
export interface EnvironmentFile {
  readonly name: string;
  readonly backend?: { readonly kind: "local"; readonly folder: string };
  readonly sites: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly images?: Readonly<Record<string, { readonly build: string }>> | undefined;
  readonly jobs?: Readonly<Record<string, object>> | undefined;
  readonly services?: Readonly<Record<string, object>> | undefined;
}

/** The result of `npm run diff` in the shell that a demo offers. */
export interface PlanInShell {
  readonly exitCode: number;
  /** Stacks in which nothing would change, sorted. */
  readonly unchanged: readonly string[];
}

const root = resolve(__dirname, "..");
/** Name of the environment's file, and so of its output folder. */
const environmentName = "local";
/** Seconds that one command may take. */
const commandTimeout = 900;

/** The project at work against a local cloud, with its output and states in a separate folder. */
export class Project {
  private readonly environmentFile: string;
  /** Below it is the environment's own. */
  private readonly outdir: string;

  /** @param directory is emptied first: a state of an earlier cloud would describe things that no longer exist. */
  constructor(
    private readonly cloud: LocalCloud,
    private readonly directory: string,
  ) {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    this.environmentFile = join(directory, `${environmentName}.json`);
    this.outdir = join(directory, "cdktf.out");
  }

  /** The project's own environment for the local cloud, with its states next to everything else here. */
  async localEnvironment(): Promise<EnvironmentFile> {
    const script = `JSON.stringify(require("./config/environments/local.ts").default)`;
    const environment = JSON.parse(
      await mustRun(this.command(process.execPath, ["--require", "tsx/cjs", "--print", script])),
    ) as EnvironmentFile;
    return { ...environment, backend: { kind: "local", folder: join(this.directory, "state") } };
  }

  /** Makes the commands that follow use this environment. */
  configure(environment: EnvironmentFile): void {
    writeFileSync(this.environmentFile, JSON.stringify(environment, undefined, 2));
  }

  /** File for the output of all commands. */
  get log(): string {
    return join(this.directory, "commands.log");
  }

  /** Runs one of the project's commands as a user does. */
  anywhere(...args: readonly string[]): Promise<Ended> {
    return run(this.command(process.execPath, [join(root, "cli/anywhere.js"), ...args]));
  }

  /** As {@link anywhere}, for commands that must succeed. */
  mustAnywhere(...args: readonly string[]): Promise<string> {
    return this.tellingAnywhere(undefined, ...args);
  }

  /** As {@link mustAnywhere}; `told` receives each line of its output as it comes. */
  tellingAnywhere(told: ((line: string) => void) | undefined, ...args: readonly string[]): Promise<string> {
    return mustRun({ ...this.command(process.execPath, [join(root, "cli/anywhere.js"), ...args]), told });
  }

  /** Starts one of the project's commands, which runs until it is ended. */
  startAnywhere(...args: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
    return this.start([join(root, "cli/anywhere.js"), ...args]);
  }

  /** Starts a TypeScript file of the project with this environment; it runs until it is ended. */
  startScript(file: string, environment: EnvironmentFile): ChildProcessByStdio<Writable, Readable, null> {
    const watched = join(this.directory, "watched.json");
    writeFileSync(watched, JSON.stringify(environment));
    return this.start([join(root, "local-cloud/run.js"), file], { ANYWHERE_ENV: watched });
  }

  private start(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    const { program, folder, variables, ...command } = this.command(process.execPath, args);
    const env = { ...variables, ...more };
    return spawn(program, command.args, { cwd: folder, env, stdio: ["pipe", "pipe", "ignore"] });
  }

  /** Writes a script that points a shell at this deployment: clouds, environment, output and states. */
  writeShellScript(file: string): void {
    writeShellScript(file, { ...this.cloud.environment, ...this.own });
  }

  /** Plans everything like a user who sources that script. */
  async planInShell(file: string): Promise<PlanInShell> {
    const script = '. "$1" && npm run --silent diff';
    const { exitCode, stdout } = await run(this.command("bash", ["-c", script, "bash", file]));
    const unchanged = [...stdout.matchAll(/^(\S+) +\| No changes\./gm)].map(([, stack = ""]) => stack);
    return { exitCode, unchanged: unchanged.sort() };
  }

  /** Ids of the synthesised stacks. */
  stacks(): string[] {
    return readdirSync(this.stacksFolder).sort();
  }

  /** Folder of a stack's Terraform JSON. */
  private folderOf(stack: string): string {
    return join(this.stacksFolder, stack);
  }

  private get stacksFolder(): string {
    return join(this.outdir, environmentName, "stacks");
  }

  /** The providers that a stack requires, by local name. */
  requirementsOf(stack: string): Readonly<Record<string, { readonly version: string }>> {
    const { terraform } = JSON.parse(readFileSync(join(this.folderOf(stack), "cdk.tf.json"), "utf8")) as {
      terraform: { required_providers: Record<string, { version: string }> };
    };
    return terraform.required_providers;
  }

  /** Runs plain Terraform in the folder of a stack, as a pipeline does after a synth. */
  terraform(stack: string, ...args: readonly string[]): Promise<string> {
    return mustRun(this.command(this.binary, args, this.folderOf(stack)));
  }

  /** As {@link terraform}, for output that holds secrets: it isn't logged. */
  terraformSecretly(stack: string, ...args: readonly string[]): Promise<string> {
    return mustRun({ ...this.command(this.binary, args, this.folderOf(stack)), log: undefined });
  }

  /** The outputs of a stack. */
  async outputs(stack: string): Promise<Readonly<Record<string, unknown>>> {
    const outputs = JSON.parse(await this.terraformSecretly(stack, "output", "-json")) as Record<
      string,
      { value: unknown }
    >;
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  }

  /** Runs the AWS CLI. */
  aws(...args: readonly string[]): Promise<string> {
    return mustRun(this.command("aws", [...args, "--region", "eu-west-1", "--output", "json"]));
  }

  /** Variables that commands need in addition to the local cloud's. */
  private get own(): Readonly<Record<string, string>> {
    return {
      ANYWHERE_ENV: this.environmentFile,
      CDKTF_OUTDIR: this.outdir,
      // In a local cloud nothing takes long or comes late, and it can be queried more often than AWS.
      POLL_SECONDS: "1",
      LATE_INSIGHTS_SECONDS: "0",
    };
  }

  private get binary(): string {
    return this.cloud.environment["TERRAFORM_BINARY_NAME"] ?? "terraform";
  }

  private command(program: string, args: readonly string[], folder = root): Command {
    return {
      program,
      args,
      folder,
      variables: { ...this.cloud.variables, ...this.own },
      log: this.log,
      seconds: commandTimeout,
    };
  }
}
