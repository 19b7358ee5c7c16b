import { loadEnvironment } from "../../config/load";
import { refuseWithoutTerminal, type ApprovalOptions } from "./approval";
import { carryOut } from "./carry-out";
import { outcomeText, type Outcome } from "./outcome";
import { refuseMovedSites } from "../refusals/moved-sites";
import { planNodes, type NodesOptions, type NodesPlan } from "../nodes/plan-nodes";
import { prepare, type Deployment, type ParallelOptions, type Prepared } from "./deployment";
import { producersOf } from "./each-stack";
import type { RollbackOptions } from "./rollbacks";
import { refuseForeignCluster } from "../refusals/foreign-cluster";
import { refuseForgottenStacks } from "../refusals/forgotten-stacks";
import { keyOf, nodesOfStack, parseNodes, replaceOptions, type NodeKey } from "../nodes/node-key";
import { renewActivations } from "../nodes/renew-activations";
import { runningNodes } from "../nodes/running-nodes";
import { afterFailedDeploy } from "../remedies/certificate-release";
import { explained } from "../remedies/ended-services";
import { pushAgain } from "../remedies/published-image";
import { makePlan } from "../terraform/plan";
import { missingInput } from "../terraform/readiness";
import { Refusal } from "../refusals/refusal";
import { refuseInterruptions } from "../refusals/replaced-nodes";
import { activations, computeStack, isComputeStack, siteOf, type Stack } from "../terraform/stacks";

export interface DeployOptions extends ApprovalOptions, ParallelOptions, RollbackOptions {
  /** Whether more than one node of a site may be replaced at the same time. */
  readonly allAtOnce?: boolean;
  /** Nodes to replace, as `site/node`. */
  readonly replace?: readonly string[];
}

/**
 * Applies the stacks with these ids (all, when none are given) in parallel, each after those it depends on. With nodes
 * to replace and no ids, applies only the stacks that the replacement needs.
 *
 * @throws {Refusal} before anything is changed when a deployed site has left the config, or a node is unknown; before
 * anything of its stack is changed when several nodes of a site would be replaced.
 */
export async function deploy(ids: readonly string[], options: DeployOptions): Promise<number> {
  refuseWithoutTerminal(options);
  const begin = performance.now();
  const replace = parseNodes(options.replace ?? [], loadEnvironment(process.env).config);
  const prepared = await prepare(
    process.env,
    { name: "deploy", changes: true, ...options },
    ids.length > 0 ? ids : stacksOf(replace),
  );
  await refuseUndeployable(prepared);
  const outcome = await deployPrepared(prepared, { ...options, replace });
  const text = await outcomeText(prepared.deployment, outcome, (performance.now() - begin) / 1000);
  console.log(`${text} "npx anywhere status" shows the current state.`);
  return 0;
}

/** @throws {Refusal} when what is deployed, by this or somebody else, rules out a deploy of a prepared deployment. */
export async function refuseUndeployable({ deployment, selected }: Prepared): Promise<void> {
  await refuseForgottenStacks(deployment);
  await refuseMovedSites(deployment, selected);
  await refuseForeignCluster(deployment, selected);
}

/** The stacks to deploy of a prepared deployment, and how. */
export interface PreparedOptions extends ApprovalOptions, Pick<DeployOptions, "allAtOnce"> {
  /** Nodes to replace. */
  readonly replace: readonly NodeKey[];
}

/** Applies the stacks that a deployment was prepared for. @throws {Refusal} as {@link deploy} does. */
export async function deployPrepared(
  { deployment, selected }: Prepared,
  { autoApprove = false, allAtOnce = false, replace }: PreparedOptions,
): Promise<Outcome> {
  const { terraform, stacks } = deployment;
  refuseToLeaveOut(replace, selected);
  if (!allAtOnce) {
    await refuseToInterrupt(replace, selected, deployment);
  }
  const renewed = selected.some(({ id }) => id === activations) ? replace : [];
  return carryOut<NodesPlan>(selected, deployment, {
    waitsFor: producersOf(stacks),
    autoApprove,
    plan: (together) => planTogether(together, deployment, { allAtOnce, replace, renewed }, autoApprove),
    remedy: ({ stack }, failed) => afterFailedDeploy(stack, failed, terraform, process.env),
  });
}

/** Plans stacks, those of nodes that need new activations once more when they have them. */
function planTogether(
  together: readonly Stack[],
  deployment: Deployment,
  options: NodesOptions,
  autoApprove: boolean,
): readonly Promise<NodesPlan>[] {
  const first = together.map((stack) => planOne(stack, deployment, options));
  // In one step, however many stacks are affected: all activations share one state.
  const renewal = Promise.allSettled(first).then(async (plans) => {
    const nodes = plans.flatMap((plan) => (plan.status === "fulfilled" ? plan.value.renewing : []));
    if (nodes.length > 0) {
      await renewActivations(nodes, deployment, autoApprove);
    }
    return { ...options, replace: [...options.replace, ...nodes], renewed: [...options.renewed, ...nodes] };
  });
  return first.map(async (planned) => {
    const plan = await planned;
    if (plan.renewing.length === 0) {
      return plan;
    }
    plan.remove();
    return planOne(plan.stack, deployment, await renewal);
  });
}

async function planOne(stack: Stack, deployment: Deployment, options: NodesOptions): Promise<NodesPlan> {
  const missing = await missingInput(stack, deployment);
  if (missing !== undefined) {
    throw new Refusal(
      `${stack.id} can't be deployed yet: ${missing}. Deploy that first, or everything with "npm run deploy".`,
    );
  }
  if (isComputeStack(stack)) {
    return planNodes(stack, deployment, options);
  }
  const { terraform } = deployment;
  const more = await replacements(stack, options.replace, deployment);
  const plan = await explained(makePlan(terraform, stack, more), stack, deployment);
  return { ...plan, renewing: [] };
}

/** The stacks that contain these nodes. */
export function stacksOf(nodes: readonly NodeKey[]): string[] {
  return nodes.length === 0 ? [] : [activations, ...new Set(nodes.map(({ site }) => computeStack(site)))];
}

/** @throws {Refusal} when the stack of a node that is to be replaced is not among those that were named. */
function refuseToLeaveOut(nodes: readonly NodeKey[], selected: readonly Stack[]): void {
  const left = nodes.filter((node) => !selected.some((stack) => nodesOfStack([node], stack).length > 0));
  if (left.length > 0) {
    throw new Refusal(
      `--replace ${left.map(keyOf).join(", ")} needs ${stacksOf(left).slice(1).join(", ")}: name that stack too, or name none.`,
    );
  }
}

/** Checked before the activations are replaced, which is before any plan shows it. */
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
