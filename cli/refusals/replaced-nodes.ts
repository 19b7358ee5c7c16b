import { runningNodes } from "../nodes/running-nodes";
import type { Deployment } from "../commands/prepared";
import { Refusal } from "./refusal";
import { isComputeStack, siteOf, type Stack } from "../terraform/stacks";
import type { PlanJson } from "../terraform/terraform";

/** The resources that a node has for as long as it lives: its droplet, if it is one, and its deregistration. */
const living = ["node", "deregistration"];

/**
 * Names of the nodes that live and would be replaced. One whose creation has failed, or whose droplet has been
 * deleted by hand, isn't replaced but repaired: then only one of the two is created.
 */
function replacedNodes({ resource_changes: changes = [] }: PlanJson): string[] {
  const ofNodes = changes.filter(({ name }) => living.includes(name));
  const nodes = [...new Set(ofNodes.map(({ index }) => String(index)))];
  return nodes.filter((node) =>
    ofNodes
      .filter(({ index }) => String(index) === node)
      .every(({ change: { actions } }) => actions.includes("delete") && actions.includes("create")),
  );
}

/** Of the nodes that a plan of a stack replaces, those that may not be replaced at the same time: they run something. */
export async function interruptedNodes(
  stack: Stack,
  plan: PlanJson,
  { environment }: Pick<Deployment, "environment">,
): Promise<readonly string[]> {
  const nodes = isComputeStack(stack) ? replacedNodes(plan) : [];
  // One is always allowed.
  const running = nodes.length > 1 ? await runningNodes(environment.config, siteOf(stack), nodes) : [];
  return running.length > 1 ? running : [];
}

/** Why nodes may not be replaced: there is more than one on which something runs. Undefined when they may. */
export function interruption(id: string, nodes: readonly string[]): string | undefined {
  return nodes.length > 1
    ? `${id}: ${nodes.length} nodes would be replaced at the same time, and all that they run would stop: ` +
        `${nodes.join(", ")}. Nothing of this stack was changed. Change one node at a time (its image, size or ` +
        '`replacement`, or with --replace), let "npx anywhere roll" do so, or add --all-at-once.'
    : undefined;
}

/** Makes sure that a site is not left without nodes while they are replaced. @throws {Refusal} as {@link interruption} */
export function refuseInterruptions(id: string, nodes: readonly string[]): void {
  const reason = interruption(id, nodes);
  if (reason !== undefined) {
    throw new Refusal(reason);
  }
}
