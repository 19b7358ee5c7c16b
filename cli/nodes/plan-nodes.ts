import type { Deployment } from "../commands/prepared";
import { interruptedNodes, refuseInterruptions } from "../refusals/replaced-nodes";
import { Refusal } from "../refusals/refusal";
import { makePlan, type Plan } from "../terraform/plan";
import type { Stack } from "../terraform/stacks";
import { isAmong, keyOf, nodesOfStack, replaceOptions, type NodeKey } from "./node-key";
import { spentNodes } from "./spent-activations";

/** Instructions for a deploy of nodes. */
export interface NodesOptions {
  readonly allAtOnce: boolean;
  /** Nodes to replace, whatever the plan is. */
  readonly replace: readonly NodeKey[];
  /** Nodes whose activations this command has replaced already. */
  readonly renewed: readonly NodeKey[];
}

/** A plan that must not be applied: these nodes need new activations, and then it must be made again. */
export interface NodesPlan extends Plan {
  readonly renewing: readonly NodeKey[];
}

/**
 * Plans the stack of a site's nodes. Machines that would boot with a useless activation get new ones beforehand: their
 * nodes are replaced as a whole, so that the deregistration of the old ones still knows the old activation.
 *
 * @throws {Refusal} when several nodes on which something runs would be replaced.
 */
export async function planNodes(
  stack: Stack,
  deployment: Deployment,
  { allAtOnce, replace, renewed }: NodesOptions,
): Promise<NodesPlan> {
  const { terraform, label } = deployment;
  const replaced = nodesOfStack(replace, stack);
  const names = replaced.map(({ node }) => node);
  const options = replaceOptions(await terraform.state(stack.folder), "generation", names);
  const plan = await makePlan(terraform, stack, options);
  const json = await plan.json();
  if (!allAtOnce) {
    refuseInterruptions(stack.id, await interruptedNodes(stack, json, deployment));
  }
  const spent = await spentNodes(stack, json, deployment);
  const again = spent.filter((node) => isAmong(renewed, node)).map(keyOf);
  if (again.length > 0) {
    throw new Refusal(
      `The new activation of ${again.join(", ")} is unusable too: someone has used or deleted it meanwhile. ` +
        "Find out who, and run the command again.",
    );
  }
  for (const node of spent) {
    console.error(
      label(
        stack.id,
        `The activation of ${keyOf(node)} ${node.reason}: it is replaced before the new machine is created.`,
      ),
    );
  }
  const renewing: readonly NodeKey[] = replaced.filter((node) => !isAmong(renewed, node));
  return { ...plan, renewing: [...renewing, ...spent.filter((node) => !isAmong(renewing, node))] };
}
