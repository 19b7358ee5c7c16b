import { existsSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { makeFolder } from "../../checkout/made-folder";
import { capture, show, type Run } from "./child-process";
import { explainLock, heldLock } from "./held-lock";
import { isInitialised, noteInitialised } from "./initialised";
import type { Label } from "./label";
import { limitTo } from "./limit";
import { redact } from "./redaction";
import { Refusal, Unanswered } from "../refusals/refusal";
import { hasColours } from "../report/screen";
import { userPath } from "../servers/user-path";
import type { Stack } from "./stacks";
import { parseState, type State } from "./state-file";

/** A plan as `terraform show -json` prints it. */
export interface PlanJson {
  readonly resource_changes?: readonly PlannedChange[];
  readonly output_changes?: Readonly<Record<string, OutputChange>>;
  /** The planned configuration: the blocks of the stack's JSON. */
  readonly configuration?: {
    readonly root_module?: { readonly resources?: readonly { readonly address: string }[] };
  };
  /** Whether Terraform couldn't complete it. */
  readonly errored?: boolean;
}

/** A plan's change to an output. */
interface OutputChange {
  readonly actions: readonly string[];
  readonly before?: unknown;
  readonly after?: unknown;
}

/** A plan's change to one resource. */
export interface PlannedChange {
  readonly address: string;
  readonly mode: "managed" | "data";
  readonly type: string;
  readonly name: string;
  readonly index?: number | string;
  /** Of an object that a replacement has left to be deleted. */
  readonly deposed?: string;
  readonly action_reason?: string;
  readonly change: { readonly actions: readonly string[] };
}

/** Makes sure, before a run of Terraform in a folder, that the folder holds what the command is about. */
export type Proof = (folder: string, args: readonly string[]) => void;

/** How much the user sees of a run: each line as it comes, all of them in one piece at its end, or nothing. */
export type Showing = "live" | "together" | "nothing";

/** Terraform (or OpenTofu) in the folders of stacks, each initialised when it is first needed. */
export interface Terraform {
  /**
   * Runs a command, shows its output without the secrets of the state, and returns its exit code.
   *
   * @param heard takes each line of its output: as it comes where it is shown live, all in the end elsewhere.
   */
  run(
    stack: Pick<Stack, "id" | "folder">,
    args: readonly string[],
    showing?: Showing,
    heard?: (line: string) => void,
  ): Promise<number>;
  /**
   * The state as this command read it first.
   *
   * @throws {Refusal} when the state can't be read.
   */
  state(folder: string): Promise<State>;
  /** As {@link state}, read again: other runs may have changed it. */
  stateNow(folder: string): Promise<State>;
  /** The contents of a plan's file. */
  showPlan(folder: string, file: string): Promise<PlanJson>;
}

/** Settings of all runs of Terraform. */
export interface TerraformOptions {
  readonly prove: Proof;
  readonly label: Label;
  /** How many may run at the same time. */
  readonly parallel: number;
  /** Where their output goes; standard output when left out. */
  readonly screen?: NodeJS.WritableStream;
}

/** Name or absolute path of the program, which runs in the folder of each stack. */
export function terraformBinary(variables: NodeJS.ProcessEnv): string {
  const chosen = variables["TERRAFORM_BINARY_NAME"] ?? "";
  return chosen === "" ? "terraform" : chosen.includes("/") ? userPath(chosen) : chosen;
}

/** Terraform with this project's settings, in folders that are checked before each run. */
export function createTerraform(
  variables: NodeJS.ProcessEnv,
  { prove, label, parallel, screen = process.stdout }: TerraformOptions,
): Terraform {
  const command = terraformBinary(variables);
  const own = terraformVariables(variables);
  const limit = limitTo(parallel);
  // Source: Terraform CLI Documentation, Provider Plugin Cache: it is not safe for several `init` at the same time.
  const alone = limitTo(1);
  const initialised = new Map<string, Promise<void>>();
  const states = new Map<string, Promise<State>>();
  // Several stacks may need the same one's state at the same time.
  const once = <T>(known: Map<string, Promise<T>>, folder: string, make: () => Promise<T>): Promise<T> => {
    const made = known.get(folder) ?? make();
    known.set(folder, made);
    return made;
  };
  const inFolder = (folder: string, ...args: string[]): Run => {
    prove(folder, args);
    return { command, args, folder, variables: own };
  };

  const output = async (folder: string, ...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await limit(() => capture(inFolder(folder, ...args)));
    if (exitCode !== 0) {
      const reason = `${stdout}${stderr}`.trim();
      throw new Unanswered(
        `${command} ${args.join(" ")} failed in ${folder} (exit code ${exitCode}):\n${reason}`,
      );
    }
    return stdout;
  };
  const init = (folder: string): Promise<void> =>
    once(initialised, folder, () =>
      alone(async () => {
        // The state's earlier place has been checked by now: Terraform would ask whether to copy that one over the
        // present one.
        rmSync(join(folder, ".terraform", "terraform.tfstate"), { force: true });
        await output(folder, "init", "-input=false", "-no-color");
        noteInitialised(folder, command, own);
      }),
    );
  const state = (folder: string): Promise<State> =>
    once(states, folder, async () => {
      const pull = () => output(folder, "state", "pull");
      // Another version of Terraform may need its own `init`.
      const early = isInitialised(folder, command, own) ? await pull().catch(() => undefined) : undefined;
      if (early === undefined) {
        await init(folder);
      }
      return parseState(early ?? (await pull()));
    });
  return {
    state,
    stateNow(folder) {
      states.delete(folder);
      return state(folder);
    },
    async run({ id, folder }, [subcommand = "", ...args], showing = "live", heard = () => undefined) {
      const { secrets } = await state(folder);
      const colours = process.stderr.isTTY && hasColours(process.stdout, process.env) ? [] : ["-no-color"];
      const run = () => inFolder(folder, subcommand, ...colours, ...args);
      const lines: string[] = [];
      const shown = (text: string) => {
        lines.push(text);
        return label(id, redact(text, secrets));
      };
      const exitCode = await limit(async () => {
        if (showing !== "nothing") {
          console.error(label(id, `${basename(command)} ${subcommand}`));
        }
        if (showing === "live") {
          const told = (line: string) => {
            heard(line);
            return shown(line);
          };
          return show(run(), told, screen);
        }
        const { stdout, stderr, ...ended } = await capture(run());
        stdout.split("\n").forEach(heard);
        if (showing === "together") {
          const text = withoutProgress(stdout);
          screen.write(text === "" ? "" : `${shown(text)}\n`);
          process.stderr.write(stderr === "" ? "" : `${shown(stderr.trimEnd())}\n`);
        }
        return ended.exitCode;
      });
      const lock = exitCode === 0 ? undefined : heldLock(lines.join("\n"));
      if (lock !== undefined) {
        console.error(label(id, explainLock(lock, folder, command)));
      }
      if (subcommand !== "plan") {
        states.delete(folder);
      }
      return exitCode;
    },
    async showPlan(folder, file) {
      return JSON.parse(await output(folder, "show", "-json", file)) as PlanJson;
    },
  };
}

/** Leaves out the lines by which Terraform shows that it is at work: they tell nothing afterwards. */
function withoutProgress(output: string): string {
  const isProgress = (line: string) =>
    /: (Refreshing state\.\.\.|(Still r|R)eading\.\.\.|Read complete after )/.test(line);
  return output
    .split("\n")
    .filter((line) => !isProgress(line))
    .join("\n")
    .trim();
}

/**
 * The user's environment, with the settings for every Terraform run of this project.
 *
 * @throws {Refusal} when the folder for providers can't be made.
 */
export function terraformVariables(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { TF_CLI_CONFIG_FILE: cliConfig = "", TF_PLUGIN_CACHE_DIR: cache = "", ...others } = variables;
  // Absolute: Terraform would look for relative paths in the folder of each stack.
  const pluginCache = cache === "" ? resolve("node_modules/.cache/terraform-plugins") : userPath(cache);
  makePluginCache(pluginCache);
  return {
    // Terraform warns about a CLI configuration that doesn't exist in the middle of every output.
    ...(cliConfig !== "" && existsSync(userPath(cliConfig))
      ? { TF_CLI_CONFIG_FILE: userPath(cliConfig) }
      : {}),
    // Otherwise the cache isn't used for a stack without a lock file, which is every stack after its first
    // synthesis. These lock files are never committed, so nothing is lost if they are incomplete.
    TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE: "1",
    // Go: collecting what the AWS provider's schema leaves behind takes a sixth of a plan's time; 200 MB save that.
    GOGC: "400",
    ...others,
    TF_PLUGIN_CACHE_DIR: pluginCache,
    // Otherwise all stacks might share what `init` remembers about a backend: each keeps its own, in its folder.
    TF_DATA_DIR: undefined,
    TF_IN_AUTOMATION: "1",
    CHECKPOINT_DISABLE: "1",
  };
}

/** Terraform refuses to work with a cache folder that doesn't exist. */
function makePluginCache(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new Refusal(
      `The folder for Terraform's providers can't be made (${(error as Error).message}): set TF_PLUGIN_CACHE_DIR to ` +
        "a folder that can be created, or unset it.",
    );
  }
}
