import { awaitUnused } from "./certificate-release";
import { TerraformFailed } from "../terraform/plan";
import { terraformIn } from "../terraform/shown-command";
import { isComputeStack, type Stack } from "../terraform/stacks";
import type { Resource } from "../terraform/state-file";
import { terraformBinary, type Terraform } from "../terraform/terraform";

/** Names of the resources that make up a node: as long as one is left, everything that nodes need must stay. */
const ofNodes = ["node", "guard", "deregistration"];

/**
 * After a failed destroy: waits for a site's certificates, and says what is left and what to do. Once no node is left,
 * nothing that is left needs another stack.
 *
 * @param options of the destroy.
 * @throws {TerraformFailed} unless that was all.
 */
export async function afterFailedDestroy(
  stack: Stack,
  failed: number,
  terraform: Terraform,
  options: readonly string[],
): Promise<void> {
  const managed = async () => (await terraform.state(stack.folder)).managed;
  if (!isComputeStack(stack) || (await managed()).some(isOfNode)) {
    throw new TerraformFailed(failed);
  }
  const exitCode = await awaitUnused(stack, failed, terraform, options, process.env);
  if (exitCode !== 0) {
    throw new TerraformFailed(exitCode, describeLeft(stack, await managed()), true);
  }
}

function isOfNode({ name }: Resource): boolean {
  return ofNodes.includes(name);
}

function describeLeft({ folder }: Stack, managed: readonly Resource[]): string {
  const vpc = managed.find(({ type }) => type === "digitalocean_vpc");
  const addresses = managed.map(({ address }) => address).join(", ");
  const left = `No node is left, so the other stacks continue. Left: ${addresses}.`;
  return vpc === undefined
    ? left
    : `${left} DigitalOcean never deletes a VPC that has become the default of its region: to leave it there, free ` +
        `of charge, run "${terraformIn(folder, terraformBinary(process.env))} state rm ${vpc.address}".`;
}
