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
  /** How many Terraform processes may run at the same time; by default as many as the machine can handle. */
  readonly parallel?: number;
}

/** A command that works with a deployment. */
export interface Command<Name extends string = string> {
  /** Its name on the command line. */
  readonly name: Name;
  /** Whether it changes the deployment: then it doesn't wait for other commands, since their outcome may affect it. */
  readonly changes: boolean;
}

/** A command with the prerequisites of one of these. */
export interface Preparing extends Command<Undertaking["command"]> {
  /** Its name on the command line, if that differs. */
  readonly calledAs?: string;
  /** Where Terraform's output goes; standard output when left out. */
  readonly screen?: NodeJS.WritableStream;
}

/** A deployment whose prerequisites are met, and the stacks that a command works on, in deployment order. */
export interface Prepared {
  readonly deployment: Deployment;
  readonly selected: readonly Stack[];
}

/** Seconds that a command which only reads waits for others. */
const patience = 60;

/**
 * Loads and synthesises the environment that `ANYWHERE_ENV` names, locks it until this process ends, and checks
 * everything that the command will need for the stacks with these ids (all, when none are given). Changes nothing in
 * any cloud.
 *
 * @throws {ConfigError} when the environment is wrong.
 * @throws {CheckoutProblem} when another command works on it in this checkout.
 * @throws {Refusal} when a prerequisite is missing, or when the environment's location differs from the deployed one.
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

/** An environment that this command has locked. */
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
 * Opens the states of synthesised stacks whose prerequisites are met. Services that were rolled back are synthesised
 * again as they are deployed.
 *
 * @throws {Refusal} when the environment's location differs from the deployed one.
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
    // The states record rollbacks, and the stacks say where the states are.
    if (!isDeepStrictEqual(rollbacks, askedFor(environment, command))) {
      await synthesiseWith(locked, rollbacks);
    }
  }
  return { deployment, selected };
}

/** A deployment with Terraform in the folders of these stacks, before any state is read. */
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
 * Starts reading the states of the stacks that a command works on, in parallel.
 *
 * @throws {Refusal} when the environment's location differs from the deployed one.
 */
export async function refuseOtherPlaces(deployment: Deployment, selected: readonly Stack[]): Promise<void> {
  await refuseMovedStates(deployment);
  for (const { folder } of selected) {
    // The code that needs the state reports why it can't be read.
    deployment.terraform.state(folder).catch(() => undefined);
  }
  await refuseAnotherRegion(deployment);
}

/** Loads the environment that `ANYWHERE_ENV` names, and prints its name. */
export function announceEnvironment(variables: NodeJS.ProcessEnv): LoadedEnvironment {
  const environment = loadEnvironment(variables);
  console.error(`environment: ${environment.name} (${environment.file})`);
  return environment;
}

/** Locks the environment's deployment for a command until this process ends. */
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
