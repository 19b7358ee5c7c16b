import { Refusal } from "./refusal";
import type { Stack } from "./stacks";

/**
 * Does something to one stack after the other.
 *
 * @param act returns Terraform's exit code.
 * @throws {Refusal} at the first failure, telling what was not started.
 */
export async function eachStack(
  stacks: readonly Stack[],
  act: (stack: Stack) => Promise<number>,
): Promise<void> {
  for (const [index, stack] of stacks.entries()) {
    announce(stack, index, stacks.length);
    const exitCode = await act(stack);
    if (exitCode !== 0) {
      const rest = stacks.slice(index + 1).map(({ id }) => id);
      throw new Refusal(
        `${stack.id}: Terraform ended with exit code ${exitCode}; its reason stands above. ` +
          (rest.length === 0 ? "" : `Not started: ${rest.join(", ")}. `) +
          "Once the cause is gone, run the same command again: it goes on where this one stopped.",
      );
    }
  }
}

/** Heads the output of a stack. */
export function announce({ id }: Stack, index: number, count: number): void {
  console.error(`\n[${index + 1}/${count}] ${id}`);
}
