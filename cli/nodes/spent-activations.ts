import type { Deployment } from "../commands/prepared";
import { Refusal } from "../refusals/refusal";
import { reasonOf } from "../aws/client";
import { activations, type Stack } from "../terraform/stacks";
import type { PlanJson, PlannedChange } from "../terraform/terraform";
import { activationStates } from "./activation-state";
import { allNodes, keyOf, nodesOfStack, type NodeKey } from "./node-key";

/** A node whose activation is of no use to the machine that a plan creates. */
export interface SpentNode extends NodeKey {
  /** Why, as a clause. */
  readonly reason: string;
}

/**
 * The nodes of a stack for which a plan creates or awaits a machine that could not register: their activations in the
 * stack `activations` have been used, have expired or are gone. A server that is registered keeps its own.
 *
 * @throws {Refusal} when Systems Manager can't be queried.
 */
export async function spentNodes(
  stack: Stack,
  plan: PlanJson,
  { environment: { config }, stacks, terraform }: Deployment,
): Promise<SpentNode[]> {
  const begun = nodesOfStack(allNodes(config), stack).flatMap((node) => {
    const change = machineChange(plan, node, config.sites[node.site]?.kind === "digitalocean");
    return change?.change.actions.includes("create") === true ? [{ node, change }] : [];
  });
  const producer = stacks.find(({ id }) => id === activations);
  if (begun.length === 0 || producer === undefined) {
    return [];
  }
  const { outputs } = await terraform.state(producer.folder);
  const ids = (outputs["activation_ids"] ?? {}) as Readonly<Record<string, string>>;
  const idOf = (node: NodeKey) => ids[keyOf(node)] ?? "";
  try {
    const states = await activationStates(
      config.aws.region,
      begun.map(({ node }) => idOf(node)),
    );
    return begun.flatMap(({ node, change }) => {
      const { spent, inUse = false } = states.get(idOf(node)) ?? {};
      const keeps = inUse && config.sites[node.site]?.kind === "on-premises" && !deregisters(change);
      return spent === undefined || keeps ? [] : [{ ...node, reason: spent }];
    });
  } catch (error) {
    throw new Refusal(
      `${stack.id}: Systems Manager can't be asked whether ${begun.map(({ node }) => keyOf(node)).join(", ")} can still ` +
        `register (${reasonOf(error)}). Nothing of this stack was changed. Fix that, or allow ` +
        "ssm:DescribeActivations and ssm:DescribeInstanceInformation, and run again.",
    );
  }
}

/** A plan's change to a node's machine, or to the registration of a server that the user runs. */
function machineChange(
  { resource_changes: changes = [] }: PlanJson,
  { node }: NodeKey,
  isDroplet: boolean,
): PlannedChange | undefined {
  const machine = isDroplet ? "node" : "deregistration";
  return changes.find(
    ({ name, index, deposed }) => name === machine && String(index) === node && deposed === undefined,
  );
}

/** Whether the present node is deregistered first. A tainted resource is deleted without its provisioner. */
function deregisters({ change: { actions }, action_reason: reason }: PlannedChange): boolean {
  return actions.includes("delete") && reason !== "replace_because_tainted";
}
