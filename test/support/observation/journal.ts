import type { Entry } from "../../../local-cloud/world";
import { eventually } from "../jest/eventually";
import type { LifeCycle } from "../deployments/life-cycle";

/** Whether an entry's input or details name one of these. */
export function names({ detail }: Entry, ...texts: readonly string[]): boolean {
  const written = JSON.stringify(detail);
  return texts.some((text) => written.includes(text));
}

/** The calls of an operation, whatever their answers. */
export function callsOf(journal: readonly Entry[], operation: string): Entry[] {
  return journal.filter(({ kind, name }) => kind === "call" && name === operation);
}

/** Waits for a call of an operation since `mark` that names this text, whatever its answer. */
export function awaitCall(life: LifeCycle, mark: number, operation: string, text: string): Promise<Entry> {
  return eventually(`a call of ${operation} with ${text}`, async () =>
    callsOf(await life.since(mark), operation).find((entry) => names(entry, text)),
  );
}

/** The calls that end a node's registrations, in their order. */
export const wholeEnd = [
  "UpdateContainerInstancesState",
  "DeregisterContainerInstance",
  "DeregisterManagedInstance",
];

/** The successful calls that end a node's registrations, in order. */
export function endOfNode(
  journal: readonly Entry[],
  { arn, managedInstance }: { readonly arn: string; readonly managedInstance: string },
): string[] {
  const ending = /^(UpdateContainerInstancesState|Deregister.*)$/;
  return journal
    .filter(({ name, status }) => ending.test(name) && status === 200)
    .filter((entry) => names(entry, arn, managedInstance))
    .map(({ name }) => name);
}
