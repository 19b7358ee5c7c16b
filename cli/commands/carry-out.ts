import { askForApproval } from "./approval";
import { eachStack } from "./each-stack";
import type { Outcome } from "./outcome";
import type { Deployment } from "./prepared";
import { isOfOneStack, Refusal } from "../refusals/refusal";
import { changesToldBy } from "../terraform/changes";
import type { Plan } from "../terraform/plan";
import type { Stack } from "../terraform/stacks";

/** The remedy for a failure, as the last line. */
export const goOn = "Fix the cause and run the same command again: it continues where this one stopped.";

/** How a command changes stacks. */
export interface Change<P extends Plan> {
  /** Ids of the stacks that a stack waits for. */
  readonly waitsFor: (stack: Stack) => readonly string[];
  /** Whether plans are applied without approval. */
  readonly autoApprove: boolean;
  /** Plans stacks that may be deployed together; a plan is undefined when there is nothing to do. */
  readonly plan: (together: readonly Stack[]) => readonly Promise<P | undefined>[];
  /** Prepares for the apply of a plan. */
  readonly before?: (plan: P) => Promise<void>;
  /** Recovers if possible from an apply that failed with this exit code. @throws {TerraformFailed} otherwise. */
  readonly remedy: (plan: P, failed: number) => Promise<void>;
}

/**
 * Plans stacks, asks for approval of all plans that were made together, and applies exactly these.
 *
 * @throws {Refusal} at the end, with the outcome of each stack, when not everything was done.
 * @throws {Declined} when the user declines the plans: none of them is applied, and nothing else is started.
 */
export async function carryOut<P extends Plan>(
  stacks: readonly Stack[],
  { terraform, label }: Deployment,
  { waitsFor, autoApprove, plan, before, remedy }: Change<P>,
): Promise<Outcome> {
  const outcome = new Map<string, string | undefined>(stacks.map(({ id }) => [id, undefined]));
  const order = { waitsFor, label, byLevel: !autoApprove };
  const lines = await eachStack(stacks, order, (together) => {
    const plans = plan(together);
    const approved = approve(plans, autoApprove);
    return plans.map(async (planned) => {
      await approved;
      const made = await planned;
      if (made?.changes !== true) {
        made?.remove();
        return;
      }
      const { id } = made.stack;
      await before?.(made);
      outcome.set(id, "applied");
      const exitCode = await terraform.run(made.stack, ["apply", made.file], "live", (line) =>
        outcome.set(id, changesToldBy(line) ?? outcome.get(id)),
      );
      made.remove();
      if (exitCode !== 0) {
        await remedy(made, exitCode);
      }
    });
  });
  if (lines.length > 0) {
    throw new Refusal([...lines, goOn].join("\n"));
  }
  return outcome;
}

/** Waits until all plans are made, and for the user's approval where it is needed. */
async function approve(plans: readonly Promise<Plan | undefined>[], autoApprove: boolean): Promise<void> {
  const changed: string[] = [];
  for (const one of await Promise.allSettled(plans)) {
    if (one.status === "rejected" && !isOfOneStack(one.reason)) {
      throw one.reason;
    }
    if (one.status === "fulfilled" && one.value?.changes === true) {
      changed.push(one.value.stack.id);
    }
  }
  if (!autoApprove && changed.length > 0) {
    await askForApproval(changed);
  }
}
