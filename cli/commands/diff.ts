import { refuseMovedSites } from "../refusals/moved-sites";
import { prepare, type Deployment, type ParallelOptions } from "./deployment";
import { eachStack } from "./each-stack";
import { changesTable } from "./outcome";
import { refuseForgottenStacks } from "../refusals/forgotten-stacks";
import { keyOf } from "../nodes/node-key";
import { spentNodes } from "../nodes/spent-activations";
import { makePlan } from "../terraform/plan";
import { missingInput } from "../terraform/readiness";
import { Refusal } from "../refusals/refusal";
import { explained } from "../remedies/ended-services";
import { pushAgain } from "../remedies/published-image";
import { interruptedNodes } from "../refusals/replaced-nodes";
import { isComputeStack, type Stack } from "../terraform/stacks";
import type { PlanJson } from "../terraform/terraform";

/**
 * Shows what a deploy of the stacks with these ids (all, when none are given) would change.
 *
 * @returns 0 without changes and 2 with changes, like `terraform plan -detailed-exitcode`.
 * @throws {Refusal} at the end, with the outcome of each stack, when a plan failed; at the start, when a deploy would
 * be refused.
 */
export async function diff(ids: readonly string[], options: ParallelOptions): Promise<number> {
  const command = { name: "diff", changes: false, ...options } as const;
  const { deployment, selected } = await prepare(process.env, command, ids);
  const { label } = deployment;
  await refuseForgottenStacks(deployment);
  await refuseMovedSites(deployment, selected);
  const outcome = new Map<string, string | undefined>(selected.map(({ id }) => [id, undefined]));
  const show = async (stack: Stack) => {
    outcome.set(stack.id, await showPlan(stack, deployment));
    return { exitCode: 0 };
  };
  const order = { waitsFor: () => [], byLevel: false, label };
  const lines = await eachStack(selected, order, (together) => together.map(show));
  if (lines.length > 0) {
    throw new Refusal(lines.join("\n"));
  }
  console.log(`\n${changesTable(outcome)}`);
  return [...outcome.values()].some((changes) => changes !== undefined) ? 2 : 0;
}

/** Shows the changes of a stack, and returns them in a few words; undefined without any. */
async function showPlan(stack: Stack, deployment: Deployment): Promise<string | undefined> {
  const { terraform, label } = deployment;
  const missing = await missingInput(stack, deployment);
  if (missing !== undefined) {
    console.error(label(stack.id, `Can't be planned yet: ${missing}.`));
    return "can't be planned yet";
  }
  const plan = await explained(
    makePlan(terraform, stack, await pushAgain(stack, terraform)),
    stack,
    deployment,
  );
  if (isComputeStack(stack)) {
    await sayBeforehand(stack, await plan.json(), deployment);
  }
  plan.remove();
  return plan.changes ? plan.summary : undefined;
}

/** Reports what a deploy of a site's nodes will do or refuse beyond its plan. */
async function sayBeforehand(stack: Stack, plan: PlanJson, deployment: Deployment): Promise<void> {
  const say = (text: string) => {
    console.error(deployment.label(stack.id, text));
  };
  const nodes = await interruptedNodes(stack, plan, deployment);
  if (nodes.length > 1) {
    say(`A deploy will refuse to replace ${nodes.join(", ")} together without --all-at-once.`);
  }
  for (const node of await spentNodes(stack, plan, deployment)) {
    say(`The activation of ${keyOf(node)} ${node.reason}: a deploy will replace it first.`);
  }
}
