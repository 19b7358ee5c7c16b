import { nodeNames } from "../../config/nodes";
import type { Deployment } from "../commands/prepared";
import { activations, computeStack, type Stack } from "./stacks";

/** What `stack` reads from other stacks and isn't there, as a clause; undefined when nothing is missing. */
export async function missingInput(stack: Stack, { environment, stacks, terraform }: Deployment) {
  for (const { id, folder } of stacks.filter((producer) => stack.reads.includes(producer.id))) {
    const { outputs } = await terraform.state(folder);
    if (Object.keys(outputs).length === 0) {
      return `${id} is not deployed`;
    }
    if (id === activations) {
      const known = Object.keys(outputs["activation_ids"] ?? {});
      const missing = activationsOf(stack, environment.config).filter((key) => !known.includes(key));
      if (missing.length > 0) {
        return `${id} has no activation for ${missing.join(", ")}`;
      }
    }
  }
  return undefined;
}

/** Keys of the activations that a compute stack reads: the nodes of its site. */
function activationsOf({ id }: Stack, { sites }: Deployment["environment"]["config"]): string[] {
  return Object.entries(sites)
    .filter(([name]) => computeStack(name) === id)
    .flatMap(([name, site]) => nodeNames(site).map((node) => `${name}/${node}`));
}
