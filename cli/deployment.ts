import { loadEnvironment, type LoadedEnvironment } from "../config/load";
import { preflight } from "./preflight";
import { synthesise } from "./synthesis";
import type { Stack } from "./stacks";
import { createTerraform, type Terraform } from "./terraform";

/** What every command works with. */
export interface Deployment {
  readonly environment: LoadedEnvironment;
  /** In the order in which they are deployed. */
  readonly stacks: readonly Stack[];
  readonly terraform: Terraform;
}

/**
 * Loads and synthesises the environment that `ANYWHERE_ENV` names. Changes nothing in any cloud.
 *
 * @throws {ConfigError} when the environment is wrong.
 * @throws {Refusal} when something is missing that the command will need.
 */
export async function prepare(variables: NodeJS.ProcessEnv): Promise<Deployment> {
  const environment = loadEnvironment(variables);
  console.error(`environment: ${environment.name} (${environment.file})`);
  await preflight(environment, variables);
  const stacks = await synthesise(environment, variables);
  return { environment, stacks, terraform: createTerraform(variables) };
}
