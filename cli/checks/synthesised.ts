import { join } from "node:path";
import { readStackJson, type Stack } from "../terraform/stacks";

/** Whether a stack has resources that run scripts when they are created or destroyed. */
export function runsScripts(stack: Stack): boolean {
  return Object.values(resources(stack)).some((ofType) =>
    Object.values(ofType).some(({ provisioner }) => provisioner !== undefined),
  );
}

/** The images that a deploy of these stacks builds, where the registry lacks them: name in the config, and tag. */
export function builtImages(stacks: readonly Stack[]): ReadonlyMap<string, string> {
  const pushes = stacks.flatMap((stack) => Object.values(resources(stack)["null_resource"] ?? {}));
  return new Map(
    pushes.flatMap(({ triggers: { IMAGE, TAG } = {} }) =>
      IMAGE === undefined || TAG === undefined ? [] : [[IMAGE, TAG]],
    ),
  );
}

function resources({ folder }: Stack) {
  return readStackJson(join(folder, "cdk.tf.json")).resource ?? {};
}
