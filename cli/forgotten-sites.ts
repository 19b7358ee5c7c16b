import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { namesOf } from "../config/names";
import type { Deployment } from "./deployment";
import { Refusal } from "./refusal";
import { computeStack, controlPlane, isComputeStack, type Stack, type TerraformBlock } from "./stacks";

/**
 * Makes sure that no site has left the config while it is still deployed. Its machines would run on, and the
 * provisioners that deregister them would be gone together with their blocks.
 *
 * @throws {Refusal} that names each such site and the way to remove it.
 */
export async function refuseToForgetSites(deployment: Deployment): Promise<void> {
  const { environment, stacks, terraform } = deployment;
  const known = stacks.find(({ id }) => id === controlPlane);
  if (known === undefined) {
    return;
  }
  const { outputs } = await terraform.state(known.folder);
  const deployed = (outputs["sites"] ?? []) as readonly string[];
  const forgotten: string[] = [];
  for (const site of deployed.filter((name) => !(name in environment.config.sites))) {
    const resources = await resourcesOf(computeStack(site), known, deployment);
    if (resources > 0) {
      forgotten.push(
        `Site ${site} is no longer in ${environment.file}, but its stack ${computeStack(site)} is still deployed (resources: ${resources}). ` +
          `Put the site back, run "npm run destroy -- ${computeStack(site)}", and only then remove it.`,
      );
    }
  }
  if (forgotten.length > 0) {
    throw new Refusal(forgotten.join("\n"));
  }
}

/** How many resources the state of a stack holds that is not synthesised any more. */
async function resourcesOf(id: string, neighbour: Stack, { environment, stacks, terraform }: Deployment) {
  // Beside the other stacks, so that relative paths of backends lead to the same places.
  const folder = mkdtempSync(join(dirname(neighbour.folder), `.${id}-`));
  try {
    const json = {
      terraform: {
        ...keyedAs(neighbour.terraform, namesOf(environment.config).state(id)),
        required_providers: providers(stacks),
      },
    };
    writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(json));
    return (await terraform.state(folder)).resources;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same backend, with the state of another key. */
export function keyedAs({ backend, cloud }: TerraformBlock, key: string): TerraformBlock {
  if (cloud !== undefined) {
    return { cloud: { ...cloud, workspaces: { ...cloud.workspaces, name: key } } };
  }
  const file = `${key}.tfstate`;
  return backend?.local === undefined
    ? { backend: { s3: { ...backend?.s3, key: file } } }
    : { backend: { local: { path: join(dirname(backend.local.path), file) } } };
}

/** `init` installs the providers that a state mentions: these are the versions for a state of a compute stack. */
function providers(stacks: readonly Stack[]): TerraformBlock["required_providers"] {
  return Object.assign(
    {},
    ...stacks.filter(isComputeStack).map(({ terraform }) => terraform.required_providers),
  ) as Record<string, unknown>;
}
