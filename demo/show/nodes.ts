import type { FleetNode, FleetTask } from "../../cli/fleet/fleet";
import type { Screen } from "../../cli/report/screen";
import { table } from "../../cli/report/table";
import type { Picture } from "./picture";

/** A node, and the last step of its first boot on its console. */
export interface ShownNode extends FleetNode {
  readonly boot: string | undefined;
}

const none = "-";
const head = ["NODE", "DROPLET", "BOOT", "SSM", "ECS", "TASKS", "BALANCED"];

/** Each node's progress from a droplet to a serving node, and back. */
export function nodesPicture(nodes: readonly ShownNode[]): Picture {
  return {
    draw: (screen) =>
      nodes.length === 0
        ? ""
        : table(
            [head.map((title) => screen.dim(title)), ...nodes.map((node) => row(node, screen))],
            screen.width,
          ),
    facts: nodes.flatMap(factsOf),
  };
}

function row(node: ShownNode, screen: Screen): string[] {
  const { machine, managedInstance, containerInstance, tasks } = node;
  const painted = (text: string | undefined, good: string) =>
    text === undefined ? screen.dim(none) : text === good ? screen.good(text) : screen.changing(text);
  const up = tasks.filter(isUp).length;
  return [
    screen.title(node.node),
    painted(machine?.status, "active"),
    painted(node.boot, "ready"),
    painted(managedInstance?.pingStatus, "Online"),
    painted(containerInstance?.status, "ACTIVE"),
    tasks.length === 0
      ? screen.dim(none)
      : painted(`${up} of ${tasks.length}`, `${tasks.length} of ${tasks.length}`),
    balanced(node).length === 0 ? screen.dim(none) : screen.good(balanced(node).join(", ")),
  ];
}

function factsOf(node: ShownNode): string[] {
  const { machine, managedInstance, containerInstance, tasks } = node;
  const facts = [
    machine === null ? undefined : `droplet ${machine.status}`,
    node.boot === undefined ? undefined : node.boot === "ready" ? "has booted" : `boots: ${node.boot}`,
    managedInstance === null ? undefined : `Systems Manager: ${managedInstance.pingStatus}`,
    containerInstance === null ? undefined : `ECS: ${containerInstance.status}`,
    ...tasks.filter(isUp).map((task) => `runs ${nameOf(task)}`),
    ...balanced(node).map((service) => `serves ${service} behind its load balancer`),
  ];
  return facts.flatMap((fact) => (fact === undefined ? [] : [`${node.node} ${fact}`]));
}

const balanced = ({ backends }: FleetNode): string[] =>
  backends.filter(({ state }) => state === "healthy").map(({ service }) => service);

/** A task that serves, or runs without a health check. */
export const isUp = ({ status, health }: FleetTask): boolean =>
  health === "HEALTHY" || (health === "UNKNOWN" && status === "RUNNING");

/** Service and revision: `web:2`. */
export const nameOf = ({ of, revision }: FleetTask): string =>
  `${of ?? ""}${revision.slice(revision.lastIndexOf(":"))}`;
