import { loadEnvironment } from "../../config/load";
import { approval, type ApprovalOptions } from "./approval";
import { refuseMovedSites } from "../refusals/moved-sites";
import { deployNodes } from "../nodes/deploy-nodes";
import { prepare, type Deployment } from "./deployment";
import { eachStack, producersOf, type StackEnd } from "./each-stack";
import { refuseForgottenStacks } from "../refusals/forgotten-stacks";
import { keyOf, nodesOfStack, parseNodes, replaceOptions, type NodeKey } from "../nodes/node-key";
import { runningNodes } from "../nodes/running-nodes";
import { pushAgain } from "../remedies/published-image";
import { missingInput } from "../terraform/readiness";
import { Refusal } from "../refusals/refusal";
import { refuseInterruptions } from "../refusals/replaced-nodes";
import { activations, computeStack, isComputeStack, siteOf, type Stack } from "../terraform/stacks";

export interface DeployOptions extends ApprovalOptions {
  /** Whether more than one node of a site may be replaced at the same time. */
  readonly allAtOnce?: boolean;
  /** Nodes to replace, as `site/node`. */
  readonly replace?: readonly string[];
}

/**
 * Applies the stacks with these ids (all, when there are none), each after those it depends on. With nodes to replace,
 * and no ids, only what that needs.
 *
 * @throws {Refusal} before anything is changed when a deployed site has left the config, or a node is unknown; before
 * anything of its stack is changed when several nodes of a site would be replaced.
 */
export async function deploy(ids: readonly string[], options: DeployOptions): Promise<number> {
  const { autoApprove = false, allAtOnce = false } = options;
  const approved = approval(options);
  const replace = parseNodes(options.replace ?? [], loadEnvironment(process.env).config);
  const command = { name: "deploy", changes: true } as const;
  const { deployment, selected } = await prepare(
    process.env,
    command,
    ids.length > 0 ? ids : stacksOf(replace),
  );
  const { terraform, stacks } = deployment;
  refuseToLeaveOut(replace, selected);
  await refuseForgottenStacks(deployment);
  await refuseMovedSites(deployment);
  if (!allAtOnce) {
    await refuseToInterrupt(replace, selected, deployment);
  }
  await eachStack(selected, producersOf(stacks), async (stack): Promise<StackEnd> => {
    const missing = await missingInput(stack, deployment);
    if (missing !== undefined) {
      throw new Refusal(
        `${stack.id} can't be deployed yet: ${missing}. Deploy that first, or all: "npm run deploy".`,
      );
    }
    if (isComputeStack(stack)) {
      const renewed = selected.some(({ id }) => id === activations) ? replace : [];
      return deployNodes(stack, deployment, { autoApprove, allAtOnce, replace }, renewed);
    }
    const more = await replacements(stack, replace, deployment);
    return { exitCode: await terraform.run(stack.folder, ["apply", ...approved, ...more]) };
  });
  return 0;
}

/** The stacks that have to do with these nodes. */
function stacksOf(nodes: readonly NodeKey[]): string[] {
  return nodes.length === 0 ? [] : [activations, ...new Set(nodes.map(({ site }) => computeStack(site)))];
}

/** @throws {Refusal} when the stack of a node that is to be replaced is not among those that were named. */
function refuseToLeaveOut(nodes: readonly NodeKey[], selected: readonly Stack[]): void {
  const left = nodes.filter((node) => !selected.some((stack) => nodesOfStack([node], stack).length > 0));
  if (left.length > 0) {
    throw new Refusal(
      `--replace ${left.map(keyOf).join(", ")} needs ${stacksOf(left).slice(1).join(", ")}: name that stack too, or none.`,
    );
  }
}

/** As a plan would show it, but before the activations go. */
async function refuseToInterrupt(
  nodes: readonly NodeKey[],
  selected: readonly Stack[],
  { environment: { config } }: Deployment,
): Promise<void> {
  for (const stack of selected.filter(isComputeStack)) {
    const names = nodesOfStack(nodes, stack).map(({ node }) => node);
    if (names.length > 1) {
      refuseInterruptions(stack.id, await runningNodes(config, siteOf(stack), names));
    }
  }
}

/** Terraform's options to replace what its plan would not, by stack. */
async function replacements(
  stack: Stack,
  nodes: readonly NodeKey[],
  { terraform }: Deployment,
): Promise<readonly string[]> {
  return stack.id === activations
    ? replaceOptions(await terraform.state(stack.folder), "node", nodes.map(keyOf))
    : pushAgain(stack, terraform);
}
