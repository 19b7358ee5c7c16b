import type { Deployment } from "../commands/prepared";
import { announceEnvironment, lockEnvironment, refuseOtherPlaces, terraformOf } from "../commands/deployment";
import { refuseUndeployable } from "../commands/deploy";
import { exitCodes } from "../desk/exit-codes";
import type { JsonOptions } from "../desk/options";
import { isOfOneStack, Refusal, Unanswered } from "../refusals/refusal";
import { refuseUnsavedStates } from "../refusals/states/unsaved-states";
import { refuseStrandedStacks } from "../refusals/stranded-stacks";
import type { CheckReport } from "../report/schemas/check-report";
import { selectStacks, type Stack } from "../terraform/stacks";
import { refusalsOf, type CheckOptions } from "./plan-refusals";
import { changesOf, changesOutputs, readPlan, type SavedPlan } from "./saved-plan";
import { synthesisedStacks } from "./stacks";

/**
 * Checks whether our commands would carry out these saved plans, each in a file named after its stack. Reads the states
 * of the synthesised stacks, as they do, and changes nothing.
 *
 * @throws {Refusal} when that can't be determined.
 */
export async function check(
  files: readonly string[],
  { json = false, ...options }: CheckOptions & JsonOptions,
): Promise<number> {
  const plans = files.map(readPlan);
  const ids = plans.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) < index);
  if (twice !== undefined) {
    throw new Refusal(`There are several plans of ${twice}, and only one can be applied: name one.`);
  }
  const environment = announceEnvironment(process.env);
  const lock = await lockEnvironment(environment, { name: "check", changes: false });
  const stacks = synthesisedStacks(environment, process.env);
  const selected = selectStacks(stacks, ids);
  const deployment = terraformOf({ environment, lock, variables: process.env }, { stacks, selected });
  const report: CheckReport = {
    deployment: environment.config.name,
    destroy: options.destroy === true,
    refusals: await refusalsOfAll(deployment, selected, options),
    stacks: await Promise.all(selected.map((stack) => checked(stack, plans, deployment, options))),
  };
  console.log(json ? JSON.stringify(report, undefined, 2) : textOf(report));
  return isRefused(report) ? exitCodes.problems : exitCodes.fine;
}

/** Why nothing in a deployment may be changed at present. */
async function refusalsOfAll(
  deployment: Deployment,
  selected: readonly Stack[],
  { destroy = false }: CheckOptions,
): Promise<string[]> {
  try {
    refuseUnsavedStates(deployment.stacks, process.env);
    await refuseOtherPlaces(deployment, selected);
    await (destroy
      ? refuseStrandedStacks(selected, deployment)
      : refuseUndeployable({ deployment, selected }));
    return [];
  } catch (error) {
    if (isOfOneStack(error) && !(error instanceof Unanswered)) {
      return error.message.split("\n");
    }
    throw error;
  }
}

async function checked(
  stack: Stack,
  plans: readonly SavedPlan[],
  deployment: Deployment,
  options: CheckOptions,
): Promise<CheckReport["stacks"][number]> {
  const plan = plans.find(({ id }) => id === stack.id);
  if (plan === undefined) {
    throw new Refusal(`There is no plan of ${stack.id}.`);
  }
  return {
    stack: stack.id,
    changes: changesOf(plan.json),
    outputsChange: changesOutputs(plan.json),
    refusals: [...(await refusalsOf(stack, plan.json, deployment, options))],
  };
}

const isRefused = ({ refusals, stacks }: CheckReport): boolean =>
  refusals.length > 0 || stacks.some((stack) => stack.refusals.length > 0);

function textOf({ refusals, stacks }: CheckReport): string {
  const lines = stacks.flatMap(({ stack, changes, outputsChange, refusals: own }) => {
    const counts = Object.entries(changes).flatMap(([kind, count]) =>
      count > 0 ? [`${count} to ${kind}`] : [],
    );
    const told = [...counts, ...(outputsChange ? ["outputs change"] : [])].join(", ");
    return [
      `${stack}: ${told === "" ? "no changes" : told}.`,
      ...own.map((reason) => `${stack}: REFUSED: ${reason}`),
    ];
  });
  return [...lines, ...refusals.map((reason) => `REFUSED: ${reason}`)].join("\n");
}
