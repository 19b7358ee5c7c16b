import { refuseWithoutTerminal, type ApprovalOptions } from "./approval";
import { carryOut } from "./carry-out";
import { outcomeText } from "./outcome";
import { refuseNoStates } from "../refusals/states/no-states";
import { prepare, type Deployment, type ParallelOptions } from "./deployment";
import { afterFailedDestroy } from "../remedies/destroyed-site";
import { endedServices } from "../remedies/ended-services";
import { releaseLostAgents } from "../remedies/lost-agents";
import { consumersOf } from "./each-stack";
import { makePlan, type Plan } from "../terraform/plan";
import { missingInput } from "../terraform/readiness";
import { refuseStrandedStacks } from "../refusals/stranded-stacks";
import type { Stack } from "../terraform/stacks";

export interface DestroyOptions extends ApprovalOptions, ParallelOptions {
  /** Whether a missing state counts as success. */
  readonly ifExists?: boolean;
}

/** A plan, and the Terraform options that it was made with. */
interface DestroyPlan extends Plan {
  readonly options: readonly string[];
  /** Sites whose services ECS is still removing. */
  readonly draining: readonly string[];
}

/**
 * Destroys the stacks with these ids (all, when none are given) in parallel, each before those it depends on.
 *
 * @throws {Refusal} before anything is changed when a remaining stack needs one to be destroyed, or when no state is
 * found.
 */
export async function destroy(ids: readonly string[], options: DestroyOptions): Promise<number> {
  refuseWithoutTerminal(options);
  const begin = performance.now();
  const command = { name: "destroy", changes: true, ...options } as const;
  const prepared = await prepare(process.env, command, ids);
  const { deployment } = prepared;
  const { terraform, stacks } = deployment;
  const selected = prepared.selected.toReversed();
  await refuseStrandedStacks(selected, deployment);
  if (options.ifExists !== true) {
    await refuseNoStates(selected, deployment);
  }
  const outcome = await carryOut<DestroyPlan>(selected, deployment, {
    waitsFor: consumersOf(stacks),
    autoApprove: options.autoApprove === true,
    plan: (together) => together.map((stack) => planOne(stack, deployment)),
    before: ({ stack, draining }) => releaseLostAgents(stack, draining, deployment),
    remedy: (plan, failed) => afterFailedDestroy(plan.stack, failed, terraform, plan.options),
  });
  const seconds = (performance.now() - begin) / 1000;
  console.log(await outcomeText(deployment, outcome, seconds, [...outcome.keys()]));
  return 0;
}

async function planOne(stack: Stack, deployment: Deployment): Promise<DestroyPlan | undefined> {
  const { terraform, label } = deployment;
  if ((await terraform.state(stack.folder)).resources === 0) {
    console.error(label(stack.id, "Has no resources: nothing to destroy."));
    return undefined;
  }
  // Terraform can't refresh without missing stacks, and takes two minutes to refresh a service that ECS is removing. It
  // needn't: the state names everything to destroy.
  const ended = await endedServices(stack, terraform);
  const reason = (await missingInput(stack, deployment)) ?? ended?.clause;
  if (reason !== undefined) {
    console.error(label(stack.id, `Destroyed from its state without a refresh, since ${reason}.`));
  }
  const options = reason === undefined ? [] : ["-refresh=false"];
  const plan = await makePlan(terraform, stack, ["-destroy", ...options]);
  // Resources that no longer exist must be removed from the state.
  return { ...plan, options, draining: ended?.draining ?? [], changes: true };
}
