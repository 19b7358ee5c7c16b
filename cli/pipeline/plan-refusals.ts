import type { Deployment } from "../commands/prepared";
import { rolledBack, tagOf } from "../commands/rollbacks";
import { keyOf } from "../nodes/node-key";
import { spentNodes } from "../nodes/spent-activations";
import { deployedOutputs } from "../refusals/deployed-output";
import { interruptedNodes, interruption } from "../refusals/replaced-nodes";
import { isComputeStack, type Stack } from "../terraform/stacks";
import type { PlanJson } from "../terraform/terraform";
import { destroysAll, notOf } from "./saved-plan";

/** Changes that are allowed in a plan nevertheless. */
export interface CheckOptions {
  /** Whether the plans are those of a destroy. */
  readonly destroy?: boolean;
  /** Whether more than one node of a site may be replaced at the same time. */
  readonly allAtOnce?: boolean;
  /** Whether services that were rolled back may get their present images again. */
  readonly rollForward?: boolean;
}

/** Why a plan may not be applied to its stack. */
export async function refusalsOf(
  stack: Stack,
  plan: PlanJson,
  deployment: Deployment,
  options: CheckOptions,
): Promise<readonly string[]> {
  const { config } = deployment.environment;
  const stranger = notOf(stack, plan, config);
  if (stranger !== undefined) {
    return [stranger];
  }
  const { destroy = false, allAtOnce = false, rollForward = false } = options;
  const isOfDestroy = destroysAll(plan);
  if (destroy || isOfDestroy) {
    // One without resources has nothing to destroy.
    const isEmpty = (plan.resource_changes ?? []).every(({ mode }) => mode !== "managed");
    return destroy === isOfDestroy || (destroy && isEmpty)
      ? []
      : [
          destroy
            ? "This is not a plan of a destroy."
            : "The whole stack would be destroyed: --destroy allows that.",
        ];
  }
  return [
    ...(isComputeStack(stack) && !allAtOnce ? await interruptions(stack, plan, deployment) : []),
    ...(isComputeStack(stack) ? await spent(stack, plan, deployment) : []),
    ...(rollForward ? [] : await returningImage(stack, plan, deployment)),
  ];
}

async function interruptions(stack: Stack, plan: PlanJson, deployment: Deployment): Promise<string[]> {
  const reason = interruption(stack.id, await interruptedNodes(stack, plan, deployment));
  return reason === undefined ? [] : [reason];
}

/** A deploy gives these nodes new activations first; a finished plan can't. */
async function spent(stack: Stack, plan: PlanJson, deployment: Deployment): Promise<string[]> {
  const nodes = await spentNodes(stack, plan, deployment);
  return nodes.map(
    (node) =>
      `The activation of ${keyOf(node)} ${node.reason}, and its new machine couldn't register: run ` +
      `"npm run deploy -- --replace ${keyOf(node)}", and plan again.`,
  );
}

/** Plain Terraform doesn't know that a service was rolled back. */
async function returningImage({ id }: Stack, plan: PlanJson, deployment: Deployment): Promise<string[]> {
  const { actions = [], after } = plan.output_changes?.["image_uri"] ?? {};
  if (typeof after !== "string" || actions.includes("no-op")) {
    return [];
  }
  const { from = [] } = rolledBack(await deployedOutputs(id, deployment)) ?? {};
  return from.includes(tagOf(after))
    ? [
        `The image ${tagOf(after)}, from which the service was rolled back, would come back. Change it, or allow that with --roll-forward.`,
      ]
    : [];
}
