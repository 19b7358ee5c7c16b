import { isOfOneStack } from "../refusals/refusal";
import { withProgress } from "../terraform/child-process";
import type { Label } from "../terraform/label";
import { TerraformFailed } from "../terraform/plan";
import type { Stack } from "../terraform/stacks";

/** The order in which stacks are processed, and how their progress is shown. */
export interface Order {
  /** Ids of the stacks that a stack waits for. */
  readonly waitsFor: (stack: Stack) => readonly string[];
  /** Whether stacks are started only while nothing else runs, so that the user can be asked. */
  readonly byLevel: boolean;
  readonly label: Label;
}

/**
 * Processes stacks in parallel, each as soon as all that it waits for are done. A stack that fails or is refused holds
 * up only those that wait for it.
 *
 * @param work starts stacks that have become ready together, and returns a promise for each.
 * @returns a line with the outcome of each stack; nothing when all succeeded.
 * @throws any error other than a {@link Refusal} of one stack, once nothing runs any more.
 */
export async function eachStack(
  stacks: readonly Stack[],
  { waitsFor, byLevel, label }: Order,
  work: (together: readonly Stack[]) => readonly Promise<unknown>[],
): Promise<readonly string[]> {
  const waiting = new Map(stacks.map((stack) => [stack.id, stack]));
  const underWay = new Map<string, Promise<void>>();
  const failed = new Set<string>();
  const done: string[] = [];
  const problems: string[] = [];

  const finish = async (id: string, end: Promise<unknown> | undefined): Promise<void> => {
    try {
      await end;
      done.push(`${id}: done.`);
    } catch (error) {
      if (!isOfOneStack(error)) {
        throw error;
      }
      const { message } = error;
      const ofTerraform = error instanceof TerraformFailed;
      if (!ofTerraform) {
        console.error(label(id, message));
      }
      problems.push(`${id}: ${ofTerraform ? message : "refused, for the reason above."}`);
      if (!(ofTerraform && error.passable)) {
        failed.add(id);
      }
    }
    underWay.delete(id);
  };
  const isFree = (stack: Stack) =>
    !waitsFor(stack).some((id) => waiting.has(id) || underWay.has(id) || failed.has(id));

  const processAll = async (): Promise<void> => {
    for (;;) {
      const free = byLevel && underWay.size > 0 ? [] : [...waiting.values()].filter(isFree);
      const ends = free.length === 0 ? [] : work(free);
      free.forEach(({ id }, index) => {
        waiting.delete(id);
        underWay.set(id, finish(id, ends[index]));
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
  };
  const progress = () => [
    ...done,
    ...problems,
    ...[...underWay.keys()].map((id) => `${id}: not completed.`),
    ...[...waiting.keys()].map((id) => `${id}: not started.`),
  ];
  await withProgress(progress, processAll());
  const held = [...waiting.values()].map((stack) => {
    const causes = waitsFor(stack).filter((id) => failed.has(id));
    return `${stack.id}: not started, since it waits for ${causes.join(", ")}.`;
  });
  return problems.length === 0 ? [] : [...done, ...problems, ...held];
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
