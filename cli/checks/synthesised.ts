import { join } from "node:path";
import { readStackJson, type Stack } from "../terraform/stacks";

/** Whether a stack holds something that runs scripts when it is made or destroyed. */
export function runsScripts(stack: Stack): boolean {
  return Object.values(resources(stack)).some((ofType) =>
    Object.values(ofType).some(({ provisioner }) => provisioner !== undefined),
  );
}

/** Tags of the images that a deploy of these stacks builds, where the registry lacks them. */
export function builtTags(stacks: readonly Stack[]): string[] {
  return stacks.flatMap((stack) => resources(stack)["null_resource"]?.["image"]?.triggers?.["TAG"] ?? []);
}

function resources({ folder }: Stack) {
  return readStackJson(join(folder, "cdk.tf.json")).resource ?? {};
}
