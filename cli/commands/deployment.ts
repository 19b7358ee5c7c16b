import { isDeepStrictEqual } from "node:util";
import { keptFolder, lockDeployment, type DeploymentLock } from "../../checkout/lock";
import { loadEnvironment, type LoadedEnvironment } from "../../config/load";
import { rollbacksVariable, type Rollbacks } from "../../config/rollbacks";
import { refuseAnotherRegion } from "../refusals/another-region";
import type { Undertaking } from "../checks/check";
import { refuseMovedStates } from "../refusals/states/moved-states";
import { refuseUnsavedStates } from "../refusals/states/unsaved-states";
import { ownStacks } from "../refusals/own-stack";
import { preflight } from "../checks/preflight";
import type { Deployment } from "./prepared";
import { rollbacksFor, type RollbackOptions } from "./rollbacks";
import { labelsFor } from "../terraform/label";
import { bearable } from "../terraform/limit";
import { selectStacks, type Stack } from "../terraform/stacks";
import { synthesise } from "../terraform/synthesis";
import { createTerraform } from "../terraform/terraform";

export type { Deployment };

export interface ParallelOptions {
  /** How many Terraforms may run at the same time; as many as the machine bears when left out. */
  readonly parallel?: number;
}

/** A command that works with a deployment. */
export interface Command<Name extends string = string> {
  /** As its user calls it. */
  readonly name: Name;
  /** Whether it changes what is deployed: then it doesn't wait for others, since what they do may decide on it. */
  readonly changes: boolean;
}

/** A command with what it needs: the same as one of these. */
export interface Preparing extends Command<Undertaking["command"]> {
  /** As its user calls it, when that is another name. */
  readonly calledAs?: string;
  /** Where Terraform's output goes; standard output when left out. */
  readonly screen?: NodeJS.WritableStream;
}

/** A deployment for which nothing is missing, and the stacks that a command is about, in the order of a deploy. */
export interface Prepared {
  readonly deployment: Deployment;
  readonly selected: readonly Stack[];
}

/** Seconds that a command which only reads waits for others. */
const patience = 60;

/**
 * Loads and synthesises the environment that `ANYWHERE_ENV` names, which is nobody else's to work on until this process
 * ends, and looks for all that the command will need for the stacks with these ids (all, when there are none). Changes
 * nothing in any cloud.
 *
 * @throws {ConfigError} when the environment is wrong.
 * @throws {CheckoutProblem} when somebody else works on it in this checkout.
 * @throws {Refusal} when something is missing that the command will need, or when the environment is about another
 * place than what is deployed.
 */
export async function prepare(
  variables: NodeJS.ProcessEnv,
  command: Preparing & ParallelOptions & RollbackOptions,
  ids: readonly string[],
): Promise<Prepared> {
  const environment = announceEnvironment(variables);
  const lock = await lockEnvironment(environment, { ...command, name: command.calledAs ?? command.name });
  const locked = { environment, lock, variables };
  const stacks = await synthesiseWith(locked, askedFor(environment, command));
  const selected = selectStacks(stacks, ids);
  await preflight({ command: command.name, environment, selected, variables });
  return openDeployment(locked, { stacks, selected }, command);
}

/** An environment that is nobody else's to work on. */
export interface Locked {
  readonly environment: LoadedEnvironment;
  readonly lock: DeploymentLock;
  readonly variables: NodeJS.ProcessEnv;
}

const synthesiseWith = ({ environment, lock, variables }: Locked, rollbacks: Rollbacks) =>
  synthesise(environment, lock, { ...variables, [rollbacksVariable]: JSON.stringify(rollbacks) });

const askedFor = ({ rollbacks }: LoadedEnvironment, command: RollbackOptions): Rollbacks => ({
  ...rollbacks,
  ...command.rollbacks,
});

/**
 * Opens the states of stacks that are synthesised, and for which nothing is missing. Services that were rolled back are
 * synthesised anew, as they are deployed.
 *
 * @throws {Refusal} when the environment is about another place than what is deployed.
 */
export async function openDeployment(
  locked: Locked,
  { stacks, selected }: { readonly stacks: readonly Stack[]; readonly selected: readonly Stack[] },
  command: Preparing & ParallelOptions & RollbackOptions,
): Promise<Prepared> {
  const { environment, variables } = locked;
  const deployment = terraformOf(locked, { stacks, selected }, command);
  refuseUnsavedStates(stacks, variables);
  await refuseOtherPlaces(deployment, selected);
  if (command.name !== "destroy") {
    const rollbacks = await rollbacksFor(deployment, selected, command);
    // What was rolled back is known from the states, and where these are from the stacks.
    if (!isDeepStrictEqual(rollbacks, askedFor(environment, command))) {
      await synthesiseWith(locked, rollbacks);
    }
  }
  return { deployment, selected };
}

/** A deployment with Terraform in the folders of these stacks, of whose states nothing is known yet. */
export function terraformOf(
  { environment, lock, variables }: Locked,
  { stacks, selected }: { readonly stacks: readonly Stack[]; readonly selected: readonly Stack[] },
  { parallel = bearable(), screen }: ParallelOptions & Pick<Preparing, "screen"> = {},
): Deployment {
  const label = labelsFor(selected);
  const prove = ownStacks(environment, stacks, lock, variables);
  return {
    environment,
    stacks,
    terraform: createTerraform(variables, { prove, label, parallel, screen }),
    label,
  };
}

/**
 * Begins to read the states of the stacks that a command is about, side by side.
 *
 * @throws {Refusal} when the environment is about another place than what is deployed.
 */
export async function refuseOtherPlaces(deployment: Deployment, selected: readonly Stack[]): Promise<void> {
  await refuseMovedStates(deployment);
  for (const { folder } of selected) {
    // Whoever needs it hears why it can't be read.
    deployment.terraform.state(folder).catch(() => undefined);
  }
  await refuseAnotherRegion(deployment);
}

/** Loads the environment that `ANYWHERE_ENV` names, and says which it is. */
export function announceEnvironment(variables: NodeJS.ProcessEnv): LoadedEnvironment {
  const environment = loadEnvironment(variables);
  console.error(`environment: ${environment.name} (${environment.file})`);
  return environment;
}

/** Takes the environment's deployment for a command, until this process ends. */
export function lockEnvironment(
  { config }: LoadedEnvironment,
  { name, changes }: Command,
): Promise<DeploymentLock> {
  return lockDeployment(keptFolder, {
    command: name,
    deployment: config.name,
    changes,
    patience: () => (changes ? 0 : patience),
  });
}
