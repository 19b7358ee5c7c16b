import { keptFolder, lockDeployment, type DeploymentLock } from "../checkout/lock";
import { loadEnvironment, type LoadedEnvironment } from "../config/load";
import { refuseAnotherRegion } from "./checks/another-region";
import { refuseMovedStates } from "./checks/moved-states";
import { ownStacks } from "./checks/own-stack";
import { preflight } from "./preflight";
import type { Deployment } from "./prepared";
import { synthesise } from "./synthesis";
import { selectStacks } from "./stacks";
import { createTerraform } from "./terraform";

export type { Deployment };

/** A command that works with a deployment. */
export interface Command {
  /** As its user calls it. */
  readonly name: string;
  /** Whether it changes what is deployed: then it doesn't wait for others, since what they do may decide on it. */
  readonly changes: boolean;
  /** Ids of the stacks that it is about; all, when there are none. */
  readonly ids: readonly string[];
}

/** Seconds that a command which only reads waits for others. */
const patience = 60;

/**
 * Loads and synthesises the environment that `ANYWHERE_ENV` names, which is nobody else's to work on until this process
 * ends. Changes nothing in any cloud.
 *
 * @throws {ConfigError} when the environment is wrong.
 * @throws {CheckoutProblem} when somebody else works on it in this checkout.
 * @throws {Refusal} when something is missing that the command will need, or when the environment is about another
 * place than what is deployed.
 */
export async function prepare(variables: NodeJS.ProcessEnv, command: Command): Promise<Deployment> {
  const environment = announceEnvironment(variables);
  const lock = await lockEnvironment(environment, command);
  await preflight(environment, variables);
  const stacks = await synthesise(environment, lock, variables);
  // Before anything that takes time: an id may be mistyped.
  selectStacks(stacks, command.ids);
  const terraform = createTerraform(variables, ownStacks(environment, stacks, lock, variables));
  const deployment = { environment, stacks, terraform };
  await refuseMovedStates(deployment);
  await refuseAnotherRegion(deployment);
  return deployment;
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
  { name, changes }: Omit<Command, "ids">,
): Promise<DeploymentLock> {
  return lockDeployment(keptFolder, {
    command: name,
    deployment: config.name,
    changes,
    patience: () => (changes ? 0 : patience),
  });
}
