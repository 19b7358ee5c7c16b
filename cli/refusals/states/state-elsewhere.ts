import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BackendBlock } from "../../terraform/backend-block";
import type { Stack, TerraformBlock } from "../../terraform/stacks";
import type { State } from "../../terraform/state-file";
import type { Terraform } from "../../terraform/terraform";

/** Stacks beside which Terraform runs, with the same providers. */
type Beside = Pick<Stack, "folder" | "terraform">;

/** A state whose key or backend isn't that of any stack. */
export async function stateElsewhere(
  block: BackendBlock,
  stacks: readonly Beside[],
  terraform: Terraform,
): Promise<State> {
  const [neighbour] = stacks;
  // Beside the stacks: relative paths lead to the same places.
  const beside = neighbour === undefined ? "." : dirname(neighbour.folder);
  const folder = mkdtempSync(join(beside, ".elsewhere-"));
  try {
    const json = { terraform: { ...block, required_providers: providers(stacks) } };
    writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(json));
    return await terraform.state(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `init` installs the providers that a state mentions: these are the versions for a state of any stack. */
function providers(stacks: readonly Beside[]): TerraformBlock["required_providers"] {
  return Object.assign({}, ...stacks.map(({ terraform }) => terraform.required_providers)) as Record<
    string,
    unknown
  >;
}
