import { findToken } from "../checks/terraform-token";
import { isOpenTofu, terraformOf } from "../checks/terraform";
import { openApi, Unexpected } from "../checks/terraform-cloud/api";
import { noToken } from "../checks/workspaces";
import { versionOf } from "../checks/program";
import { lockEnvironment } from "../commands/deployment";
import type { LoadedEnvironment } from "../../config/load";
import { Refusal } from "../refusals/refusal";
import { synthesise } from "../terraform/synthesis";
import { terraformBinary, terraformVariables } from "../terraform/terraform";
import type { Outcome, Tell } from "./outcome";
import { arrangeWorkspaces } from "./workspaces";

/** Seconds that all calls may take together. */
const boundSeconds = 120;

/**
 * Creates what the backend `cloud` of an environment lacks: the project, a workspace for each stack, their execution
 * mode; where HCP Terraform runs Terraform, also access to other stacks' states, and the variables of the runs.
 *
 * @throws {Refusal} when something can't be done, with the remedy; run again, it continues where it stopped.
 */
export async function bootstrapWorkspaces(environment: LoadedEnvironment, tell: Tell): Promise<Outcome> {
  const variables = process.env;
  const { config } = environment;
  const { backend } = config;
  if (backend.kind !== "cloud") {
    throw new Error(`The backend ${backend.kind} has no workspaces.`);
  }
  const { hostname, organization } = backend;
  const place = findToken(hostname, variables);
  if (place === "helper") {
    throw new Refusal(
      `The token of ${hostname} is in a credentials helper, which only Terraform can query: ${noToken(hostname)}.`,
    );
  }
  if (place === undefined) {
    throw new Refusal(`Nothing was changed: ${noToken(hostname)}.`);
  }
  const lock = await lockEnvironment(environment, { name: "bootstrap-state", changes: true });
  const stacks = await synthesise(environment, lock, variables);
  // New workspaces would have the newest Terraform, and Terraform refuses to work with one of another version. HCP
  // Terraform doesn't know OpenTofu's versions.
  const terraformVersion = isOpenTofu(terraformBinary(variables))
    ? undefined
    : await versionOf(terraformOf(config, variables), terraformVariables(variables));
  try {
    const api = await openApi(hostname, place.token, AbortSignal.timeout(boundSeconds * 1000));
    const changes = await arrangeWorkspaces(
      { environment, cloud: backend, stacks, variables, terraformVersion, api },
      tell,
    );
    return { place: `the workspaces of ${organization} at ${hostname}`, changes };
  } catch (error) {
    throw error instanceof Unexpected ? new Refusal(error.message) : error;
  }
}
