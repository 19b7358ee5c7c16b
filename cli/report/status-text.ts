import type { Fleet, FleetJob, FleetNode, FleetService, FleetSite, FleetTask, Source } from "../fleet/fleet";
import type { Problem } from "../fleet/problem";
import { shortTime } from "../fleet/time";
import { counted } from "./counted";
import type { Screen } from "./screen";
import { table, wrapped } from "./table";

/** A fleet's state for people: problems first, then a table for each site, services and jobs. */
export function statusText(fleet: Fleet, problems: readonly Problem[], screen: Screen): string {
  const { deployment, region, at, sites, services, jobs } = fleet;
  const parts = [
    `${screen.title(deployment)} in ${region}, ${shortTime(at)}`,
    problemsText(problems, screen),
    ...sites.map((site) => siteText(site, fleet, screen)),
    ...(services.length === 0 ? [] : [servicesText(services, screen)]),
    ...(jobs.length === 0 ? [] : [jobsText(jobs, screen)]),
  ];
  return parts.join("\n\n");
}

function problemsText(problems: readonly Problem[], screen: Screen): string {
  if (problems.length === 0) {
    return screen.good("No problems.");
  }
  const lines = problems.map(({ subject, message, remedy }) => {
    const what = wrapped(`${screen.bad(subject)} ${message}`, screen.width - 2, "  ");
    return `${what}\n  → ${wrapped(remedy, screen.width - 6, "    ")}`;
  });
  return [screen.bad(counted(problems.length, "problem")), ...lines].join("\n");
}

function siteText({ site, kind, nodes }: FleetSite, fleet: Fleet, screen: Screen): string {
  const title = `${screen.title(site)} (${kind})`;
  if (nodes.length === 0) {
    return `${title}: no nodes`;
  }
  const missing = (source: Source, text = "none") =>
    fleet.unanswered.some((one) => one.source === source) ? screen.dim("?") : screen.bad(text);
  const machines = kind === "digitalocean" ? ["MACHINE"] : [];
  const balancers = kind === "digitalocean" ? ["BALANCED"] : [];
  const head = ["NODE", ...machines, "MANAGED\nINSTANCE", "CONTAINER\nINSTANCE", "TASKS", ...balancers];
  const rows = nodes.map((node) => [
    node.node,
    ...(machines.length === 0 ? [] : [machineCell(node, missing, screen)]),
    managedCell(node, missing, screen),
    containerCell(node, missing, screen),
    cell(node.tasks.map((task) => taskLine(task, screen))),
    ...(balancers.length === 0 ? [] : [cell(node.backends.map((one) => backendLine(one, screen)))]),
  ]);
  return `${title}\n${table([head, ...rows], screen.width)}`;
}

const cell = (lines: readonly string[]): string => (lines.length === 0 ? "-" : lines.join("\n"));

/** Placeholder for a missing or unknown value. */
type Missing = (source: Source, text?: string) => string;

function machineCell({ machine }: FleetNode, missing: Missing, screen: Screen): string {
  return machine === null
    ? missing("DigitalOcean")
    : cell([machine.id, painted(machine.status, machine.status === "active", screen)]);
}

function managedCell({ managedInstance, activation }: FleetNode, missing: Missing, screen: Screen): string {
  if (managedInstance !== null) {
    const { id, pingStatus } = managedInstance;
    return cell([id, painted(pingStatus, pingStatus === "Online", screen)]);
  }
  return missing("Systems Manager", activation === null ? "none" : `none; activation ${activation.state}`);
}

function containerCell({ containerInstance }: FleetNode, missing: Missing, screen: Screen): string {
  if (containerInstance === null) {
    return missing("ECS");
  }
  const { id, status, agentConnected } = containerInstance;
  const state = status === "ACTIVE" ? screen.good(status) : screen.changing(status);
  return cell([id.slice(0, 8), agentConnected ? state : screen.bad("agent lost")]);
}

function taskLine({ of, byHand, revision, status, health }: FleetTask, screen: Screen): string {
  const number = byHand ? " by hand" : revision.slice(revision.indexOf(":"));
  const state = status === "RUNNING" && health !== "UNKNOWN" ? health : status;
  const known = ["HEALTHY", "RUNNING"].includes(state);
  const text = known ? screen.good(state.toLowerCase()) : screen.changing(state.toLowerCase());
  return `${of ?? revision}${of === null ? "" : number} ${state === "UNHEALTHY" ? screen.bad("unhealthy") : text}`;
}

function backendLine({ service, state }: FleetNode["backends"][number], screen: Screen): string {
  const paint = { healthy: screen.good, unhealthy: screen.bad, unknown: screen.dim }[state];
  // DigitalOcean measures every two minutes.
  return `${service} ${paint(state === "unknown" ? "not measured yet" : state)}`;
}

function servicesText(services: readonly FleetService[], screen: Screen): string {
  const head = ["SERVICE", "SITE", "TASKS", "ROLL-OUT", "IMAGE", "URL"];
  const rows = services.map((service) => {
    const { status, desired, running, deployments, images, urls } = service;
    const states = deployments.map(
      ({ state, revision }) => `${rollout(state, screen)} ${numberOf(revision)}`,
    );
    return [
      service.service,
      service.site,
      painted(`${running}/${desired}`, running === desired, screen),
      status === "ACTIVE" ? cell(states) : screen.bad(status),
      cell(images.map(tagOf)),
      cell(urls),
    ];
  });
  return `${screen.title("Services")}\n${table([head, ...rows], screen.width)}`;
}

const numberOf = (revision: string): string => revision.slice(revision.indexOf(":"));

function rollout(state: string, screen: Screen): string {
  const paint = { COMPLETED: screen.good, FAILED: screen.bad }[state] ?? screen.changing;
  return paint(state.toLowerCase().replace("_", " "));
}

/** The tag or the digest, in short, of an image. */
function tagOf(image: string): string {
  const [, digest] = image.split("@sha256:");
  const name = image.slice(image.lastIndexOf("/") + 1);
  return digest === undefined ? name.slice(name.indexOf(":") + 1) : digest.slice(0, 12);
}

function jobsText(jobs: readonly FleetJob[], screen: Screen): string {
  const head = ["JOB", "SITE", "SCHEDULE", "LAST RUN", "NEXT RUN"];
  const rows = jobs.map((job) => [
    job.job,
    job.site,
    job.schedule,
    cell([
      ...job.running.map(() => screen.changing("runs now")),
      ...(job.last === null ? [] : [lastRun(job.last, screen)]),
    ]),
    nextRun(job),
  ]);
  return `${screen.title("Jobs")}\n${table([head, ...rows], screen.width)}`;
}

function nextRun({ enabled, schedule, next }: FleetJob): string {
  if (!enabled) {
    return "disabled";
  }
  const [, period] = /^rate\((.*)\)$/.exec(schedule) ?? [];
  return next === null ? (period === undefined ? "-" : `within ${period}`) : shortTime(next);
}

function lastRun({ stoppedAt, exitCode }: FleetTask, screen: Screen): string {
  const end = exitCode === null ? "never ran" : `code ${exitCode}`;
  return `${shortTime(stoppedAt)} ${painted(end, exitCode === 0, screen)}`;
}

const painted = (text: string, isGood: boolean, screen: Screen): string =>
  isGood ? screen.good(text) : screen.bad(text);
