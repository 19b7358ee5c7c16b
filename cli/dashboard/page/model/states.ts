import type { FleetNode, FleetService, FleetTask } from "../../../fleet/fleet";
import type { StatusReport } from "../../../report/schemas/status-report";

/** A state, in the words that the page's colours and signs represent. */
export type State = "good" | "changing" | "bad" | "unknown";

/** A state in words, for people who can't see the colours or the page. */
export const signs: Readonly<Record<State, { readonly sign: string; readonly word: string }>> = {
  good: { sign: "✓", word: "healthy" },
  changing: { sign: "↻", word: "changing" },
  bad: { sign: "✕", word: "has a problem" },
  unknown: { sign: "?", word: "unknown" },
};

export const keyOf = ({ site, node }: Pick<FleetNode, "site" | "node">): string => `${site}/${node}`;

const kindsOf = (node: FleetNode, { problems }: StatusReport) =>
  problems.filter(({ subject }) => subject === keyOf(node)).map(({ kind }) => kind);

const isBooting = ({ activation, machine }: FleetNode): boolean =>
  activation?.state === "unused" && machine !== null;

/** The state of a node: that of the worst of its parts. */
export function nodeState(node: FleetNode, report: StatusReport): State {
  const kinds = kindsOf(node, report);
  const passing = ["replacement-pending", ...(isBooting(node) ? ["not-registered"] : [])];
  if (kinds.some((kind) => !passing.includes(kind))) {
    return "bad";
  }
  const { containerInstance } = node;
  if (containerInstance === null && kinds.length === 0 && report.unanswered.length > 0) {
    return "unknown";
  }
  const isChanging =
    kinds.length > 0 ||
    containerInstance?.status !== "ACTIVE" ||
    node.tasks.some((task) => taskState(task) === "changing");
  return isChanging ? "changing" : "good";
}

/** Why a node isn't simply well, in a word or two; empty when it is. */
export function nodeNote(node: FleetNode, report: StatusReport): string {
  const [kind] = kindsOf(node, report);
  if (kind !== undefined) {
    return kind === "not-registered" && isBooting(node) ? "booting" : kind.replaceAll("-", " ");
  }
  const { status = "ACTIVE" } = node.containerInstance ?? {};
  return status === "ACTIVE" ? "" : status.toLowerCase();
}

/** A task without a health check counts as healthy when it runs. */
export function taskState({ status, health }: FleetTask): State {
  if (health === "UNHEALTHY") {
    return "bad";
  }
  return status === "RUNNING" ? "good" : "changing";
}

/** A task's state, in a word. */
export function taskWord({ status, health }: FleetTask): string {
  return (status === "RUNNING" && health !== "UNKNOWN" ? health : status).toLowerCase();
}

/** A node's health, as its load balancer sees it. */
export const backendStates: Readonly<Record<FleetNode["backends"][number]["state"], State>> = {
  healthy: "good",
  unhealthy: "bad",
  unknown: "unknown",
};

/** The number of `family:number`. */
export const numberOf = (revision: string): string => revision.slice(revision.indexOf(":") + 1);

/** The desired revision of a service; undefined when there is no such service. */
export const wantedRevision = ({ deployments }: FleetService): string | undefined =>
  deployments.find(({ status }) => status === "PRIMARY")?.revision;

export function serviceState(service: FleetService, { problems }: StatusReport): State {
  const { name, desired, running, deployments } = service;
  if (problems.some(({ subject, kind }) => subject === name && kind !== "service-unsteady")) {
    return "bad";
  }
  const rolls = deployments.length > 1 || deployments.some(({ state }) => state === "IN_PROGRESS");
  return rolls ? "changing" : running === desired ? "good" : "bad";
}
