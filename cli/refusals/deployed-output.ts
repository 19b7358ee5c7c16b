import type { Deployment } from "../commands/prepared";

type Outputs = Readonly<Record<string, unknown>>;

/** The outputs of a stack; none where it has no resources. */
export async function deployedOutputs(id: string, { stacks, terraform }: Deployment): Promise<Outputs> {
  const stack = stacks.find((one) => one.id === id);
  if (stack === undefined) {
    return {};
  }
  const { resources, outputs } = await terraform.state(stack.folder);
  return resources > 0 ? outputs : {};
}

/** One of them, a string. */
export async function deployedOutput(id: string, output: string, deployment: Deployment) {
  return (await deployedOutputs(id, deployment))[output] as string | undefined;
}
