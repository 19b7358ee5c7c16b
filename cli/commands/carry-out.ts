import { askForApproval } from "./approval";
import { eachStack, type Order, type StackEnd } from "./each-stack";
import { isOfOneStack, Refusal } from "../refusals/refusal";
import type { Plan } from "../terraform/plan";
import type { Stack } from "../terraform/stacks";

/** What became of a stack's plan; undefined when there is nothing to do. */
export type Planned<P> = PromiseSettledResult<P | undefined>;

/** How a command changes stacks. */
export interface Change<P extends Plan> extends Pick<Order, "waitsFor" | "label"> {
  /** Whether plans are applied unasked. */
  readonly autoApprove: boolean;
  /** Plans stacks that are free to go together, each of which may fail. */
  readonly plan: (together: readonly Stack[]) => Promise<readonly Planned<P>[]>;
  readonly apply: (plan: P) => Promise<StackEnd>;
}

/**
 * Plans stacks, asks for approval of all plans that were made together, and applies exactly these.
 *
 * @throws {Refusal} in the end, with what became of each stack, when not all is done.
 * @throws {Declined} when the user doesn't want the plans: none of them is applied, and nothing else is begun.
 */
export async function carryOut<P extends Plan>(
  stacks: readonly Stack[],
  { waitsFor, label, autoApprove, plan, apply }: Change<P>,
): Promise<void> {
  const approved = async (together: readonly Stack[]): Promise<readonly Planned<P>[]> => {
    const planned = await plan(together);
    planned.forEach((one) => {
      if (one.status === "rejected" && !isOfOneStack(one.reason)) {
        throw one.reason;
      }
    });
    const changed = planned.flatMap((one) =>
      one.status === "fulfilled" && one.value?.changes === true ? [one.value.stack.id] : [],
    );
    if (!autoApprove && changed.length > 0) {
      await askForApproval(changed);
    }
    return planned;
  };
  const lines = await eachStack(stacks, { waitsFor, label, byLevel: !autoApprove }, (together) => {
    const plans = approved(together);
    return together.map(async (_, index): Promise<StackEnd> => {
      const planned = (await plans)[index];
      if (planned?.status === "rejected") {
        throw planned.reason;
      }
      const made = planned?.value;
      if (made === undefined) {
        return { exitCode: 0 };
      }
      try {
        return await apply(made);
      } finally {
        made.remove();
      }
    });
  });
  if (lines.length > 0) {
    throw new Refusal(
      [
        ...lines,
        "Once the cause is gone, run the same command again: it goes on where this one stopped.",
      ].join("\n"),
    );
  }
}
