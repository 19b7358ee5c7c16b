import type { Rollback, Rollbacks } from "../../config/rollbacks";
import { builtImages } from "../checks/synthesised";
import { deployedOutputs } from "../refusals/deployed-output";
import { serviceStack, type Stack } from "../terraform/stacks";
import type { Deployment } from "./prepared";

/** Options for services that were or will be rolled back. */
export interface RollbackOptions {
  /** To be rolled back now. */
  readonly rollbacks?: Rollbacks;
  /** Whether services that were rolled back move to their present images again. */
  readonly rollForward?: boolean;
}

/** The tag in an image's URI. */
export const tagOf = (uri: string): string => uri.slice(uri.lastIndexOf(":") + 1);

/**
 * The services among these stacks that will run an earlier image after the deploy: those to be rolled back now, and
 * those rolled back before whose present image is one they were rolled back from, so that no deploy brings it back by
 * accident. Reports which stay rolled back and which don't.
 */
export async function rollbacksFor(
  deployment: Deployment,
  selected: readonly Stack[],
  { rollbacks = {}, rollForward = false }: RollbackOptions,
): Promise<Rollbacks> {
  const { config, rollbacks: given } = deployment.environment;
  const wanted = { ...given, ...rollbacks };
  const services = Object.entries(config.services).flatMap(([name, { image }]) => {
    const stack = selected.find(({ id }) => id === serviceStack(name));
    return stack !== undefined && image in config.images ? [{ name, image, stack }] : [];
  });
  const found = await Promise.all(
    services.map(async ({ name, image, stack }) => {
      const outputs = await deployedOutputs(stack.id, deployment);
      const earlier = rolledBack(outputs);
      const { from = [] } = earlier ?? {};
      const now = wanted[name];
      if (now !== undefined) {
        const all = new Set([...from, ...now.from]);
        all.delete(now.tag);
        return [[name, { tag: now.tag, from: [...all] }] as const];
      }
      if (earlier === undefined) {
        return [];
      }
      const { tag } = earlier;
      const present = builtImages([stack]).get(image) ?? "";
      const stays = from.includes(present) && !rollForward;
      console.error(
        deployment.label(stack.id, stays ? staying(name, tag, present) : leaving(name, tag, present)),
      );
      return stays ? [[name, { tag, from }] as const] : [];
    }),
  );
  return Object.fromEntries(found.flat());
}

/** The roll-back that a service's outputs remember. */
export function rolledBack(outputs: Readonly<Record<string, unknown>>): Rollback | undefined {
  const remembered = outputs["rolled_back"];
  return typeof remembered === "string" && remembered !== ""
    ? (JSON.parse(remembered) as Rollback)
    : undefined;
}

function staying(name: string, tag: string, present: string): string {
  return (
    `${name} stays at the image ${tag}, to which it was rolled back: the present image, ${present}, is one that it was ` +
    `rolled back from. Change it, or deploy it anyway with --roll-forward.`
  );
}

function leaving(name: string, tag: string, present: string): string {
  return `${name} was rolled back to the image ${tag}, and rolls forward to ${present}.`;
}
