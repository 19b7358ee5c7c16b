import type { Deployment } from "../commands/prepared";
import { allNodes, keyOf, nodesOfStack } from "../nodes/node-key";
import { activations, controlPlane, serviceStack, type Stack } from "./stacks";

/** What `stack` reads from other stacks and isn't there, as a clause; undefined when nothing is missing. */
export async function missingInput(stack: Stack, { environment, stacks, terraform }: Deployment) {
  for (const { id, folder } of stacks.filter((producer) => stack.reads.includes(producer.id))) {
    const { outputs } = await terraform.state(folder);
    if (Object.keys(outputs).length === 0) {
      return `${id} is not deployed`;
    }
    if (id === activations) {
      const known = Object.keys(outputs["activation_ids"] ?? {});
      const missing = nodesOfStack(allNodes(environment.config), stack)
        .map(keyOf)
        .filter((key) => !known.includes(key));
      if (missing.length > 0) {
        return `${id} has no activation for ${missing.join(", ")}`;
      }
    }
    if (id === controlPlane) {
      const known = Object.keys(outputs["execution_role_arns"] ?? {});
      const missing = Object.keys(environment.config.services).find(
        (service) => serviceStack(service) === stack.id && !known.includes(service),
      );
      if (missing !== undefined) {
        return `${id} has no roles for the service ${missing}`;
      }
    }
  }
  return undefined;
}
