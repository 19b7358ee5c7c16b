import type { FleetNode, FleetTask } from "../../cli/fleet/fleet";
import type { Screen } from "../../cli/report/screen";
import { table } from "../../cli/report/table";
import { nameOf } from "./nodes";
import type { Picture } from "./picture";

/** The revisions of a service on each node, while one replaces the other. */
export function revisionsPicture(service: string, nodes: readonly FleetNode[]): Picture {
  const tasks = nodes.map((node) => node.tasks.filter(({ of, byHand }) => of === service && !byHand));
  const revisions = [...new Set(tasks.flat().map(nameOf))].sort(byNumber);
  const draw = (screen: Screen): string => {
    const head = ["REVISION", ...nodes.map(({ node }) => node)].map((title) => screen.dim(title));
    const rows = revisions.map((revision) => [
      screen.title(revision),
      ...tasks.map((own) => {
        const states = own.filter((task) => nameOf(task) === revision).map((task) => painted(task, screen));
        return states.join("\n") || screen.dim("-");
      }),
    ]);
    return rows.length === 0 ? "" : table([head, ...rows], screen.width);
  };
  const facts = nodes.flatMap(({ node }, index) =>
    (tasks[index] ?? []).map((task) => `${nameOf(task)} on ${node}: ${stateOf(task)}`),
  );
  return { draw, facts };
}

const numberOf = (revision: string): number => Number(revision.slice(revision.lastIndexOf(":") + 1));
const byNumber = (one: string, other: string): number => numberOf(one) - numberOf(other);

/** As ECS reports it, and its health once it runs. */
function stateOf({ status, health }: FleetTask): string {
  const isKnown = status === "RUNNING" && health !== "UNKNOWN";
  return (isKnown ? health : status === "RUNNING" ? "STARTING" : status).toLowerCase();
}

function painted(task: FleetTask, screen: Screen): string {
  const state = stateOf(task);
  return state === "healthy" ? screen.good(state) : screen.changing(state);
}
