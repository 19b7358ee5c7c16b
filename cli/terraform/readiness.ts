import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Deployment } from "../commands/prepared";
import { allNodes, keyOf, nodesOfStack } from "../nodes/node-key";
import { activations, type Stack } from "./stacks";

/** Missing outputs of other stacks that `stack` reads, as a clause; undefined when nothing is missing. */
export async function missingInput(stack: Stack, { environment, stacks, terraform }: Deployment) {
  const json = readFileSync(join(stack.folder, "cdk.tf.json"), "utf8");
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
    for (const { output, key } of referencesTo(id, json)) {
      const value = outputs[output];
      if (value === undefined) {
        return `${id} has no output ${output}`;
      }
      if (key !== undefined && !Object.hasOwn(Object(value) as object, key)) {
        return `${id} has no ${key} in its output ${output}`;
      }
    }
  }
  return undefined;
}

interface Reference {
  readonly output: string;
  /** Of a value in it. */
  readonly key: string | undefined;
}

/** The references of a stack's JSON to another's outputs, in Terraform's two forms for a key; its quotes are escaped. */
function referencesTo(producer: string, json: string): Reference[] {
  const reference = new RegExp(
    `\\bdata\\.terraform_remote_state\\.${producer}\\.outputs\\.(\\w+)(?:\\.(\\w+)|\\[\\\\+"([^"\\\\]+)\\\\+"\\])?`,
    "g",
  );
  return [...json.matchAll(reference)].map(([, output = "", name, quoted]) => ({
    output,
    key: name ?? quoted,
  }));
}
