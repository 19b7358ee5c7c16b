import type { Problem } from "../../../fleet/problem";

/** Problems of the same kind: the examples to show, and all of them. */
export interface ProblemGroup {
  readonly kind: Problem["kind"];
  readonly shown: readonly Problem[];
  readonly more: readonly Problem[];
}

/** Up to this many of a kind are all shown; of more, as when a fleet has lost its network, fewer. */
const most = { all: 4, some: 3 };

/** In the given order. */
export function groupsOf(problems: readonly Problem[]): ProblemGroup[] {
  const kinds = [...new Set(problems.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const own = problems.filter((one) => one.kind === kind);
    const count = own.length > most.all ? most.some : own.length;
    return { kind, shown: own.slice(0, count), more: own.slice(count) };
  });
}
