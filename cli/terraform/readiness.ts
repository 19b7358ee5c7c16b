import type { Deployment } from "../commands/prepared";
import { allNodes, keyOf, nodesOfStack } from "../nodes/node-key";
import { activations, controlPlane, jobs, serviceStack, type Stack } from "./stacks";

/** Missing outputs of other stacks that `stack` reads, as a clause; undefined when nothing is missing. */
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
      const { config } = environment;
      const [kind, names] =
        stack.id === jobs
          ? ["job", Object.keys(config.jobs)]
          : ["service", Object.keys(config.services).filter((name) => serviceStack(name) === stack.id)];
      const missing = names.find((name) => !known.includes(name));
      if (missing !== undefined) {
        return `${id} has no roles for the ${kind} ${missing}`;
      }
    }
  }
  return undefined;
}
