import { randomUUID } from "node:crypto";
import { mkdirSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Environment } from "../../../config/schema";
import { mustRun, run, type Command, type Ended } from "../../../demo/command";
import { startLocalCloud, type LocalCloud } from "../../../local-cloud/start";
import type { Entry } from "../../../local-cloud/world";
import { credentialsFor, stopPermitted } from "../permissions/roles";
import { synthInto } from "../synthesis/synth";
import { environmentOf, type SiteSettings } from "./sample-environment";

/** Options of {@link startLifeCycle}. */
export interface LifeCycleOptions {
  /** Names the folder below .local-cloud/tests/, so it must differ from every other test file's. */
  readonly name: string;
  readonly sites: Readonly<Record<string, SiteSettings>>;
  /** More of the environment. */
  readonly environment?: Partial<Environment>;
  /** More of the local cloud's command line. */
  readonly args?: readonly string[];
}

/** Terraform at work on one stack. */
export interface StackUnderTest {
  readonly stack: string;
  /** Applies without asking; `variables` are set for Terraform and its scripts. */
  apply(variables?: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ended>;
  destroy(variables?: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ended>;
  /** Starts the same as {@link apply} or {@link destroy}, and hands over the process's command instead. */
  command(...args: readonly string[]): Command;
  /** Addresses in its state, data sources left out. */
  state(): Promise<string[]>;
  /** The values of the state's outputs. */
  outputs(): Promise<Readonly<Record<string, unknown>>>;
}

/** Terraform at work on one site's compute stack. */
export interface SiteUnderTest extends StackUnderTest {
  readonly name: string;
}

/** The activation of a machine. */
export interface Activation {
  readonly id: string;
  readonly code: string;
}

/** A control plane and activations that are deployed in a local cloud, and the compute stacks of their sites. */
export interface LifeCycle {
  readonly cloud: LocalCloud;
  /** Name of the deployment. */
  readonly deployment: string;
  readonly controlPlane: StackUnderTest;
  site(name: string): SiteUnderTest;
  /** The stack of the service `web`. */
  readonly web: StackUnderTest;
  service(name: string): StackUnderTest;
  /** Synthesises again with other settings of some sites, or of the environment; deploys nothing. */
  configure(sites: Readonly<Record<string, SiteSettings>>, environment?: Partial<Environment>): void;
  /** Makes the activations of new nodes and generations. Takes about 10 s. */
  deployActivations(): Promise<void>;
  /** The activation that there is for a node, by `site/node`. */
  activation(key: string): Promise<Activation>;
  /** The actions of a refreshed plan of a stack, such as `create` or `delete, create`, by address. */
  changes(stack: string): Promise<Readonly<Record<string, string>>>;
  /** Folder with a stack's Terraform JSON and its copies of the scripts. */
  folderOf(stack: string): string;
  /** A command of Terraform in the folder of a stack, which has been initialised. */
  commandOf(stack: string, ...args: readonly string[]): Command;
  /** Runs Terraform in the folder of a stack. */
  terraform(stack: string, ...args: readonly string[]): Promise<string>;
  /** Position in the journal, for {@link since}. */
  mark(): Promise<number>;
  /** The entries since then. */
  since(mark: number): Promise<Entry[]>;
  /** Ends the cloud. @throws Error that names what was called and no policy of docs/policies allows */
  stop(): Promise<void>;
}

/** Seconds that one Terraform command may take. */
const commandTimeout = 480;

/**
 * The scripts' waits, short enough for tests: what they wait for takes seconds here, and looking at it more often takes the
 * computer from it.
 */
export const shortWaits = {
  POLL_SECONDS: "2",
  RETRY_SECONDS: "0.2",
  TIMEOUT_SECONDS: "180",
  STALL_SECONDS: "10",
  DRAIN_SECONDS: "60",
  RECONNECT_SECONDS: "3",
  LATE_INSIGHTS_SECONDS: "0",
};

/** Starts a local cloud and deploys control plane and activations of these sites into it. Takes about 35 s. */
export async function startLifeCycle(options: LifeCycleOptions): Promise<LifeCycle> {
  const [life] = await startLifeCycles(options);
  return life;
}

/** As {@link startLifeCycle}, with further deployments under names of their own in the same cloud, side by side. */
export async function startLifeCycles<Others extends readonly LifeCycleOptions[]>(
  options: LifeCycleOptions,
  ...others: Others
): Promise<readonly [LifeCycle, ...{ [Index in keyof Others]: LifeCycle }]> {
  const directory = emptyFolder(options.name);
  const cloud = await startLocalCloud({
    directory,
    args: ["--image", "localhost/anywhere/app:v1=app", ...(options.args ?? [])],
    output: openSync(join(directory, "cloud.log"), "w"),
  });
  try {
    const neighbours = Promise.all(others.map((other) => create(other, emptyFolder(other.name), cloud)));
    const [life, further] = await Promise.all([create(options, directory, cloud), neighbours]);
    return [life, ...(further as { [Index in keyof Others]: LifeCycle })];
  } catch (error) {
    await cloud.stop();
    throw error;
  }
}

/** Deploys control plane and activations of another deployment, under a name of its own, into the same cloud. */
export async function startNeighbour({ cloud }: LifeCycle, options: LifeCycleOptions): Promise<LifeCycle> {
  return create(options, emptyFolder(options.name), cloud);
}

function emptyFolder(name: string): string {
  const directory = resolve(".local-cloud", "tests", name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return directory;
}

async function create(options: LifeCycleOptions, directory: string, cloud: LocalCloud): Promise<LifeCycle> {
  const outdir = join(directory, "cdktf.out");
  const backend = { kind: "local", folder: join(directory, "state") } as const;
  const folderOf = (stack: string): string => join(outdir, "stacks", stack);
  let { sites, environment } = options;
  const configure: LifeCycle["configure"] = (changed, changedEnvironment) => {
    sites = { ...sites, ...changed };
    environment = { backend, ...environment, ...changedEnvironment };
    synthInto(outdir, environmentOf(sites, environment));
  };
  configure({});

  const command = (stack: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}): Command => ({
    program: cloud.environment["TERRAFORM_BINARY_NAME"] ?? "terraform",
    args,
    folder: folderOf(stack),
    variables: {
      ...cloud.variables,
      ...shortWaits,
      ...credentialsFor(args),
      ...variables,
    },
    log: join(directory, "terraform.log"),
    seconds: commandTimeout,
  });
  const initialised = new Set<string>();
  const init = async (stack: string): Promise<void> => {
    if (!initialised.has(stack)) {
      await mustRun(command(stack, ["init", "-input=false", "-no-color"]));
      initialised.add(stack);
    }
  };
  const terraform = async (stack: string, ...args: readonly string[]): Promise<string> => {
    await init(stack);
    return mustRun(command(stack, args));
  };
  /** Its output holds secrets. */
  const secretly = async (stack: string, ...args: readonly string[]): Promise<unknown> => {
    await init(stack);
    return JSON.parse(await mustRun({ ...command(stack, args), log: undefined }));
  };
  const flags = ["-auto-approve", "-input=false", "-no-color"];
  const underTest = (stack: string): StackUnderTest => ({
    stack,
    apply: async (variables, ...args) => {
      await init(stack);
      return run(command(stack, ["apply", ...flags, ...args], variables));
    },
    destroy: async (variables, ...args) => {
      await init(stack);
      return run(command(stack, ["destroy", ...flags, ...args], variables));
    },
    command: (...args) => command(stack, args),
    state: async () => {
      const list = await terraform(stack, "state", "list");
      return list.split("\n").filter((line) => line !== "" && !line.startsWith("data."));
    },
    outputs: async () => {
      const outputs = JSON.parse(await terraform(stack, "output", "-json")) as Record<
        string,
        { value: unknown }
      >;
      return Object.fromEntries(Object.entries(outputs).map(([output, { value }]) => [output, value]));
    },
  });
  const deployActivations = async (): Promise<void> => {
    await terraform("activations", "apply", ...flags);
  };
  await terraform("control-plane", "apply", ...flags);
  await deployActivations();
  return {
    cloud,
    deployment: environmentOf(sites, environment).name,
    controlPlane: underTest("control-plane"),
    site: (name) => ({ name, ...underTest(`compute-${name}`) }),
    web: underTest("service-web"),
    service: (name) => underTest(`service-${name}`),
    configure,
    terraform,
    deployActivations,
    activation: async (key) => {
      const { activation_ids, activation_codes } = (await secretly(
        "activations",
        "output",
        "-json",
      )) as Record<string, { value: Readonly<Record<string, string>> }>;
      return { id: activation_ids?.value[key] ?? "", code: activation_codes?.value[key] ?? "" };
    },
    changes: async (stack) => {
      const plan = join(tmpdir(), `plan-${randomUUID()}`);
      try {
        await init(stack);
        const planned = await run(
          command(stack, ["plan", "-input=false", "-no-color", "-detailed-exitcode", `-out=${plan}`]),
        );
        if (planned.exitCode === 0) {
          return {};
        }
        if (planned.exitCode !== 2) {
          throw new Error(
            `The plan of ${stack} ended with exit code ${planned.exitCode}:\n${planned.stderr}`,
          );
        }
        const { resource_changes = [] } = (await secretly(stack, "show", "-json", plan)) as {
          resource_changes?: { address: string; change: { actions: string[] } }[];
        };
        return Object.fromEntries(
          resource_changes
            .map(({ address, change }) => [address, change.actions.join(", ")])
            .filter(([, actions]) => actions !== "no-op" && actions !== "read"),
        ) as Record<string, string>;
      } finally {
        rmSync(plan, { force: true });
      }
    },
    folderOf,
    commandOf: (stack, ...args) => command(stack, args),
    mark: async () => (await cloud.admin.journal(0)).length,
    since: (mark) => cloud.admin.journal(mark),
    stop: () => stopPermitted(cloud, options.name),
  };
}
