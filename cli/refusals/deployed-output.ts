import type { Deployment } from "../commands/prepared";

/** An output of a stack that has resources. */
export async function deployedOutput(id: string, output: string, { stacks, terraform }: Deployment) {
  const stack = stacks.find((one) => one.id === id);
  if (stack === undefined) {
    return undefined;
  }
  const { resources, outputs } = await terraform.state(stack.folder);
  return resources > 0 ? (outputs[output] as string | undefined) : undefined;
}
