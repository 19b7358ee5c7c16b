import { isOfOneStack } from "../refusals/refusal";
import type { Label } from "../terraform/label";
import { TerraformFailed } from "../terraform/plan";
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

/** In which order stacks are worked on, and how the user is told of them. */
export interface Order {
  /** Ids of the stacks that a stack waits for. */
  readonly waitsFor: (stack: Stack) => readonly string[];
  /** Whether stacks are begun only while nothing else is under way, so that the user can be asked. */
  readonly byLevel: boolean;
  readonly label: Label;
}

/**
 * Works on stacks side by side, each as soon as none that it waits for is left. A stack that fails, or is refused, holds
 * up only those that wait for it.
 *
 * @param work begins with stacks that have become free to go together, and promises an end for each of them.
 * @returns what has become of each stack, in a line for each; nothing when all is well.
 * @throws whatever else than a {@link Refusal} of one stack goes wrong, once nothing is under way any more.
 */
export async function eachStack(
  stacks: readonly Stack[],
  { waitsFor, byLevel, label }: Order,
  work: (together: readonly Stack[]) => readonly Promise<StackEnd>[],
): Promise<readonly string[]> {
  const waiting = new Map(stacks.map((stack) => [stack.id, stack]));
  const underWay = new Map<string, Promise<void>>();
  const failed = new Set<string>();
  const done: string[] = [];
  const problems: string[] = [];

  const finish = async ({ id }: Stack, end: Promise<StackEnd> | undefined): Promise<void> => {
    const { problem, passable } = await outcome(id, end, label);
    underWay.delete(id);
    if (problem === undefined) {
      done.push(`${id}: done.`);
    } else {
      problems.push(`${id}: ${problem}`);
    }
    if (!passable) {
      failed.add(id);
    }
  };
  const isFree = (stack: Stack) =>
    !waitsFor(stack).some((id) => waiting.has(id) || underWay.has(id) || failed.has(id));

  for (;;) {
    const free = byLevel && underWay.size > 0 ? [] : [...waiting.values()].filter(isFree);
    const ends = free.length === 0 ? [] : work(free);
    free.forEach((stack, index) => {
      waiting.delete(stack.id);
      underWay.set(stack.id, finish(stack, ends[index]));
    });
    if (underWay.size === 0) {
      break;
    }
    try {
      await Promise.race(underWay.values());
    } catch (error) {
      await Promise.allSettled(underWay.values());
      throw error;
    }
  }
  const held = [...waiting.values()].map((stack) => {
    const causes = waitsFor(stack).filter((id) => failed.has(id));
    return `${stack.id}: not started, since it waits for ${[...new Set(causes)].join(", ")}.`;
  });
  return problems.length === 0 ? [] : [...done, ...problems, ...held];
}

/** How a stack has ended, with what went wrong as a clause. */
async function outcome(
  id: string,
  end: Promise<StackEnd> | undefined,
  label: Label,
): Promise<{ readonly problem?: string; readonly passable: boolean }> {
  try {
    const { exitCode, left, passable = false } = (await end) ?? { exitCode: 0 };
    return exitCode === 0
      ? { passable: true }
      : { problem: new TerraformFailed(exitCode, left).message, passable };
  } catch (error) {
    if (error instanceof TerraformFailed) {
      return { problem: error.message, passable: false };
    }
    if (isOfOneStack(error)) {
      console.error(label(id, error.message));
      return { problem: "refused, for the reason above.", passable: false };
    }
    throw error;
  }
}

/** The stacks that a deploy of one waits for: all that it depends on, directly or not. */
export function producersOf(stacks: readonly Stack[]): (stack: Stack) => readonly string[] {
  const all = ({ dependencies }: Stack): string[] => [
    ...dependencies,
    ...stacks.filter(({ id }) => dependencies.includes(id)).flatMap(all),
  ];
  return (stack) => [...new Set(all(stack))];
}

/** The stacks that a destroy of one waits for: all that depend on it, directly or not. */
export function consumersOf(stacks: readonly Stack[]): (stack: Stack) => readonly string[] {
  const producers = producersOf(stacks);
  return ({ id }) => stacks.filter((stack) => producers(stack).includes(id)).map((stack) => stack.id);
}
