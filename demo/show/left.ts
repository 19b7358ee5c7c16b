import type { Screen } from "../../cli/report/screen";
import { table } from "../../cli/report/table";
import type { ForeignCount, Left } from "../evidence";

/** The remains after a destroy: the deployment's, and somebody else's. */
export function leftText(
  deployment: string,
  left: Left,
  { before, there }: { readonly before: ForeignCount; readonly there: ForeignCount },
  screen: Screen,
): string {
  const own = (count: number) => (count === 0 ? screen.good("0") : screen.bad(String(count)));
  const theirs = (kind: keyof ForeignCount) => {
    const text = `${there[kind]} of ${before[kind]}`;
    return there[kind] === before[kind] ? screen.good(text) : screen.bad(text);
  };
  const rows = [
    ["resources in states", own(left.resources), "-"],
    ["droplets", own(left.droplets), "-"],
    ["registered with Systems Manager", own(left.managedInstances), theirs("managedInstances")],
    ["registered with ECS", own(left.containerInstances), theirs("containerInstances")],
  ];
  const head = ["LEFT", deployment, "somebody else"].map((title) => screen.dim(title));
  return table([head, ...rows], screen.width);
}
