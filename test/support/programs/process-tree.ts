import { readdirSync, readFileSync } from "node:fs";

/** A process, which a later one with the same number isn't. */
export interface Process {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  readonly session: number;
  /** In clock ticks since the computer's start. */
  readonly startedAt: number;
}

/** A process and all that it has started, directly or not. Source: proc(5), /proc/pid/stat. */
export function processTree(root: number): Process[] {
  const all = processes();
  const grow = (tree: readonly Process[]): Process[] => {
    const more = all.filter(
      ({ pid, parent }) =>
        tree.some((process) => process.pid === parent) && !tree.some((process) => process.pid === pid),
    );
    return more.length === 0 ? [...tree] : grow([...tree, ...more]);
  };
  return grow(all.filter(({ pid }) => pid === root));
}

/** Those of the processes that still live. */
export function living(some: readonly Process[]): Process[] {
  const all = processes();
  return some.filter(({ pid, startedAt }) =>
    all.some((process) => process.pid === pid && process.startedAt === startedAt),
  );
}

function processes(): Process[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      const stat = readStat(entry);
      // The name may hold anything, blanks and brackets included.
      const end = stat.lastIndexOf(")");
      const [state, parent, , session, ...rest] = stat.slice(end + 2).split(" ");
      const name = stat.slice(stat.indexOf("(") + 1, end);
      return stat === "" || state === "Z"
        ? []
        : [
            {
              pid: Number(entry),
              name,
              parent: Number(parent),
              session: Number(session),
              startedAt: Number(rest[15]),
            },
          ];
    });
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}
