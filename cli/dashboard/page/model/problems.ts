import type { Problem } from "../../../fleet/problem";

/** Problems of the same kind: some to be shown, and those of which they are examples. */
export interface ProblemGroup {
  readonly kind: Problem["kind"];
  readonly shown: readonly Problem[];
  readonly more: readonly Problem[];
}

/** So many of a kind are all shown; of more than that, as of a fleet that has lost its network, fewer. */
const most = { all: 4, some: 3 };

/** In the order in which they come. */
export function groupsOf(problems: readonly Problem[]): ProblemGroup[] {
  const kinds = [...new Set(problems.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const own = problems.filter((one) => one.kind === kind);
    const count = own.length > most.all ? most.some : own.length;
    return { kind, shown: own.slice(0, count), more: own.slice(count) };
  });
}
