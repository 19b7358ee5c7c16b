import { askForApproval } from "../commands/approval";
import { awaitReplaced } from "../remedies/certificate-release";
import type { Deployment } from "../commands/deployment";
import type { StackEnd } from "../commands/each-stack";
import { keyOf, nodesOfStack, replaceOptions, type NodeKey } from "./node-key";
import { renewActivations } from "./renew-activations";
import { spentNodes, type SpentNode } from "./spent-activations";
import { withPlan, type Plan } from "../terraform/plan";
import { Refusal } from "../refusals/refusal";
import { interruptedNodes, refuseInterruptions } from "../refusals/replaced-nodes";
import type { Stack } from "../terraform/stacks";

/** What a deploy of nodes is to do. */
export interface NodesOptions {
  readonly autoApprove: boolean;
  readonly allAtOnce: boolean;
  /** Nodes that are replaced, whatever the plan is. */
  readonly replace: readonly NodeKey[];
}

/**
 * Applies the stack of a site's nodes. Machines that would boot with an activation of no use get new ones beforehand:
 * their nodes are replaced whole, so that what ends the old ones still knows the old activation.
 *
 * @param renewed nodes whose activations this command has replaced already.
 * @throws {Refusal} before anything of the stack is changed when several nodes on which something runs would be replaced.
 */
export async function deployNodes(
  stack: Stack,
  deployment: Deployment,
  options: NodesOptions,
  renewed: readonly NodeKey[],
): Promise<StackEnd> {
  const { terraform } = deployment;
  const apply = (id: string, folder: string, plan: Plan) => applyPlan(id, folder, plan, deployment, options);
  const replaced = nodesOfStack(options.replace, stack);
  let renewing: readonly NodeKey[] = replaced.filter((node) => !isAmong(renewed, node));
  const progress = { applied: false };
  const exitCode = await withPlan(
    terraform,
    stack.folder,
    async (plan) => {
      const json = await plan.json();
      if (!options.allAtOnce) {
        refuseInterruptions(stack.id, await interruptedNodes(stack, json, deployment));
      }
      const spent = await spentNodes(stack, json, deployment);
      refuseRepetition(spent, renewed);
      spent.forEach(sayWhy);
      renewing = [...renewing, ...spent.filter((node) => !isAmong(renewing, node))];
      if (renewing.length > 0) {
        return 0;
      }
      progress.applied = true;
      return apply(stack.id, stack.folder, plan);
    },
    { options: generationOptions(await terraform.state(stack.folder), replaced) },
  );
  if (exitCode === 0 && renewing.length > 0) {
    await renewActivations(renewing, deployment, apply);
    const replace = [...options.replace, ...renewing];
    return deployNodes(stack, deployment, { ...options, replace }, [...renewed, ...renewing]);
  }
  if (exitCode === 0 || !progress.applied) {
    return { exitCode };
  }
  const release = await awaitReplaced(stack, exitCode, terraform, process.env);
  // The nodes are as they should be, and what comes after them may go on.
  return { ...release, passable: release.left !== undefined };
}

/** Terraform's options to replace everything of these nodes. */
function generationOptions(state: Parameters<typeof replaceOptions>[0], nodes: readonly NodeKey[]): string[] {
  return replaceOptions(
    state,
    "generation",
    nodes.map(({ node }) => node),
  );
}

async function applyPlan(
  id: string,
  folder: string,
  { file, changes }: Plan,
  { terraform }: Deployment,
  { autoApprove }: NodesOptions,
): Promise<number> {
  if (changes && !autoApprove) {
    await askForApproval(`Do you want to apply this plan to ${id}?`);
  }
  return terraform.run(folder, ["apply", file]);
}

function sayWhy(node: SpentNode): void {
  console.error(`The activation of ${keyOf(node)} ${node.reason}: its new machine gets a new one first.`);
}

function refuseRepetition(spent: readonly SpentNode[], renewed: readonly NodeKey[]): void {
  const again = spent.filter((node) => isAmong(renewed, node)).map(keyOf);
  if (again.length > 0) {
    throw new Refusal(
      `The new activation of ${again.join(", ")} is of no use either: somebody has used or deleted it meanwhile. ` +
        "Find out who, and run again.",
    );
  }
}

function isAmong(nodes: readonly NodeKey[], node: NodeKey): boolean {
  return nodes.some((one) => keyOf(one) === keyOf(node));
}
