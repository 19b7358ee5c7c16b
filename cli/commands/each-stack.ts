import { Declined, Refusal } from "../refusals/refusal";
import type { Stack } from "../terraform/stacks";

/** How the work on a stack has ended. */
export interface StackEnd {
  /** Terraform's. */
  readonly exitCode: number;
  /** What is left to be done after a failure, and how, when that is known. */
  readonly left?: string;
  /** Whether stacks that wait for this one may go on, although it has failed. */
  readonly passable?: boolean;
}

/**
 * Does something to one stack after the other. A stack that fails, or is refused, holds up only those that wait for it.
 *
 * @param waitsFor ids of the stacks that a stack waits for.
 * @throws {Refusal} in the end, with every stack that has failed and every one that was not started.
 * @throws {Declined} at once.
 */
export async function eachStack(
  stacks: readonly Stack[],
  waitsFor: (stack: Stack) => readonly string[],
  act: (stack: Stack) => Promise<StackEnd>,
): Promise<void> {
  const problems: string[] = [];
  const blocking = new Set<string>();
  const notStarted: string[] = [];
  for (const [index, stack] of stacks.entries()) {
    if (waitsFor(stack).some((id) => blocking.has(id))) {
      blocking.add(stack.id);
      notStarted.push(stack.id);
      continue;
    }
    announce(stack, index, stacks.length);
    const { problem, passable = false } = await attempt(stack, act);
    if (problem !== undefined) {
      problems.push(problem);
      if (!passable) {
        blocking.add(stack.id);
      }
    }
  }
  if (problems.length > 0) {
    throw new Refusal(
      [
        ...problems,
        ...(notStarted.length === 0 ? [] : [`Not started: ${notStarted.join(", ")}.`]),
        goOn,
      ].join("\n"),
    );
  }
}

const goOn = "Once the cause is gone, run the same command again: it goes on where this one stopped.";

async function attempt(
  stack: Stack,
  act: (stack: Stack) => Promise<StackEnd>,
): Promise<{ readonly problem?: string; readonly passable?: boolean }> {
  try {
    const { exitCode, left, passable = false } = await act(stack);
    return exitCode === 0
      ? {}
      : {
          problem: [
            `${stack.id}: Terraform ended with exit code ${exitCode}; its reason stands above.`,
            ...(left === undefined ? [] : [left]),
          ].join(" "),
          passable,
        };
  } catch (error) {
    if (error instanceof Refusal && !(error instanceof Declined)) {
      console.error(error.message);
      return { problem: `${stack.id}: refused, for the reason above.` };
    }
    throw error;
  }
}

/** Heads the output of a stack. */
export function announce({ id }: Stack, index: number, count: number): void {
  console.error(`\n[${index + 1}/${count}] ${id}`);
}

/** The stacks that a deploy of one waits for: all that it depends on, directly or not. */
export function producersOf(stacks: readonly Stack[]): (stack: Stack) => readonly string[] {
  const all = ({ dependencies }: Stack): string[] => [
    ...dependencies,
    ...stacks.filter(({ id }) => dependencies.includes(id)).flatMap(all),
  ];
  return all;
}

/** The stacks that a destroy of one waits for: all that depend on it, directly or not. */
export function consumersOf(stacks: readonly Stack[]): (stack: Stack) => readonly string[] {
  const producers = producersOf(stacks);
  return ({ id }) => stacks.filter((stack) => producers(stack).includes(id)).map((stack) => stack.id);
}
