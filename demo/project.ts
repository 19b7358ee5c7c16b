import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import type { LocalCloud } from "../local-cloud/start";
import { mustRun, run, type Command, type Ended } from "./command";

/** A deployment as an environment file writes it, as far as it is read and changed here. */
export interface EnvironmentFile {
  readonly name: string;
  readonly backend?: { readonly kind: "local"; readonly folder: string };
  readonly sites: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly images?: Readonly<Record<string, { readonly build: string }>> | undefined;
  readonly jobs?: Readonly<Record<string, object>> | undefined;
  readonly services?: Readonly<Record<string, object>> | undefined;
}

const root = resolve(__dirname, "..");
/** Name of the environment's file, and so of its output folder. */
const environmentName = "local";
/** Seconds that one command may take. */
const commandTimeout = 900;

/** The project at work against a local cloud, with its output and states in a folder of their own. */
export class Project {
  private readonly environmentFile: string;
  /** Below it is the environment's own. */
  private readonly outdir: string;

  /** @param directory is emptied first: a state of an earlier cloud would describe things that are no more. */
  constructor(
    private readonly cloud: LocalCloud,
    private readonly directory: string,
  ) {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    this.environmentFile = join(directory, `${environmentName}.json`);
    this.outdir = join(directory, "cdktf.out");
  }

  /** The project's own environment for the local cloud, with its states beside everything else here. */
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

  /** Runs one of the project's commands as a user does. */
  anywhere(...args: readonly string[]): Promise<Ended> {
    return run(this.command(process.execPath, [join(root, "cli/anywhere.js"), ...args]));
  }

  /** As {@link anywhere}, where nothing but success will do. */
  mustAnywhere(...args: readonly string[]): Promise<string> {
    return mustRun(this.command(process.execPath, [join(root, "cli/anywhere.js"), ...args]));
  }

  /** Starts one of the project's commands, which goes on until it is ended. */
  startAnywhere(...args: readonly string[]): ChildProcessByStdio<null, Readable, null> {
    const { program, folder, variables, ...command } = this.command(process.execPath, [
      join(root, "cli/anywhere.js"),
      ...args,
    ]);
    return spawn(program, command.args, { cwd: folder, env: variables, stdio: ["ignore", "pipe", "ignore"] });
  }

  /** Ids of the synthesised stacks. */
  stacks(): string[] {
    return readdirSync(this.stacksFolder).sort();
  }

  /** Where a stack's Terraform JSON lies. */
  folderOf(stack: string): string {
    return join(this.stacksFolder, stack);
  }

  private get stacksFolder(): string {
    return join(this.outdir, environmentName, "stacks");
  }

  /** The providers that a stack asks for, by local name. */
  requirementsOf(
    stack: string,
  ): Readonly<Record<string, { readonly source: string; readonly version: string }>> {
    const { terraform } = JSON.parse(readFileSync(join(this.folderOf(stack), "cdk.tf.json"), "utf8")) as {
      terraform: { required_providers: Record<string, { source: string; version: string }> };
    };
    return terraform.required_providers;
  }

  /** Runs plain Terraform in the folder of a stack, as a pipeline does after a synth. */
  terraform(stack: string, ...args: readonly string[]): Promise<string> {
    return mustRun(this.command(this.binary, args, this.folderOf(stack)));
  }

  /** Plans a stack against what there is, and writes the plan to a file; whether it changes anything. */
  async hasChanges(stack: string, file: string): Promise<boolean> {
    const args = ["plan", "-input=false", "-no-color", "-detailed-exitcode", `-out=${file}`];
    const command = this.command(this.binary, args, this.folderOf(stack));
    const { exitCode, stderr } = await run(command);
    if (exitCode !== 0 && exitCode !== 2) {
      throw new Error(`The plan of ${stack} failed:\n${stderr}`);
    }
    return exitCode === 2;
  }

  /** As {@link terraform}, for output that holds secrets: it is logged nowhere. */
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

  private get binary(): string {
    return this.cloud.environment["TERRAFORM_BINARY_NAME"] ?? "terraform";
  }

  private command(program: string, args: readonly string[], folder = root): Command {
    return {
      program,
      args,
      folder,
      variables: {
        ...this.cloud.variables,
        ANYWHERE_ENV: this.environmentFile,
        CDKTF_OUTDIR: this.outdir,
      },
      log: join(this.directory, "commands.log"),
      seconds: commandTimeout,
    };
  }
}
