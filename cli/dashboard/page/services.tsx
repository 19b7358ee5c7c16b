import type { FleetNode, FleetService } from "../../fleet/fleet";
import { shortTime } from "../../fleet/time";
import type { StatusReport } from "../../report/schemas/status-report";
import { TaskBox, hueOf } from "./task-box";
import { useMotion } from "./motion";
import { lanesOf, type Lane } from "./model/roll-out";
import { Sign } from "./sign";
import { serviceState, type State } from "./model/states";

/** Services and jobs: each service's tasks as boxes, which move from the old revision to the new one. */
export function Services({ report }: { readonly report: StatusReport }) {
  const container = useMotion<HTMLUListElement>();
  const { sites, services, jobs } = report;
  const nodesOf = (site: string) => sites.find((one) => one.site === site)?.nodes ?? [];
  if (services.length + jobs.length === 0) {
    return null;
  }
  return (
    <section aria-labelledby="services">
      <h2 id="services">Services{jobs.length > 0 && " and jobs"}</h2>
      <ul class="services" ref={container}>
        {services.map((service) => (
          <Service key={service.name} service={service} nodes={nodesOf(service.site)} report={report} />
        ))}
        {jobs.map(({ job, site, schedule, enabled, running, last, next }) => (
          <li key={job} class="service" style={hueOf(job, report)}>
            <h3>
              <Sign state={jobState(running.length, last?.exitCode)} /> {job}{" "}
              <span class="dim">at {site}</span>
            </h3>
            <p class="dim">
              <code>{schedule}</code>
              {!enabled && " · disabled"}
              {running.length > 0 && " · runs now"}
            </p>
            {last !== null && (
              <p class="dim">
                last {shortTime(last.stoppedAt)}, code {last.exitCode ?? "none"}
              </p>
            )}
            {enabled && next !== null && <p class="dim">next {shortTime(next)}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function jobState(running: number, exitCode: number | null | undefined): State {
  return running > 0 ? "changing" : exitCode === undefined || exitCode === 0 ? "good" : "bad";
}

interface ServiceProps {
  readonly service: FleetService;
  readonly nodes: readonly FleetNode[];
  readonly report: StatusReport;
}

/** States of a deployment. Source: Amazon ECS API Reference, "Deployment". */
const words: Readonly<Record<string, string>> = {
  COMPLETED: "roll-out completed",
  IN_PROGRESS: "roll-out in progress",
  FAILED: "roll-out failed",
};

function Service({ service, nodes, report }: ServiceProps) {
  const lanes = lanesOf(service, nodes);
  const { service: name, site, running, desired, deployments, urls } = service;
  const state = deployments.find(({ status }) => status === "PRIMARY")?.state ?? service.status;
  return (
    <li class="service" style={hueOf(name, report)}>
      <h3>
        <Sign state={serviceState(service, report)} /> {name} <span class="dim">at {site}</span>
      </h3>
      <p class="dim">
        {running} of {desired} tasks run · {words[state] ?? state.toLowerCase()}
      </p>
      {urls.map((url) => (
        <p key={url}>
          <a href={url} target="_blank" rel="noreferrer noopener">
            {url}
          </a>
        </p>
      ))}
      <ol class="lanes">
        {lanes.map((lane) => (
          <LaneOf key={lane.number} lane={lane} isAlone={lanes.length === 1} report={report} />
        ))}
      </ol>
    </li>
  );
}

function LaneOf({
  lane,
  isAlone,
  report,
}: {
  readonly lane: Lane;
  readonly isAlone: boolean;
  readonly report: StatusReport;
}) {
  const { number, isWanted, places, missing } = lane;
  const role = isAlone ? "" : isWanted ? "new" : "old";
  return (
    <li class={`lane ${role}`}>
      <p class="revision">
        :{number} <span class="dim">{role}</span>
        {!isAlone && <span class="dim count">{places.length}</span>}
      </p>
      <ul class={places.length + missing > 16 ? "boxes dense" : "boxes"}>
        {places.map(({ key, node, task }) => (
          <TaskBox key={key} move={key} label={node} task={task} report={report} />
        ))}
        {Array.from({ length: missing }, (_, index) => (
          <li key={index} class="box hollow">
            <span class="hidden">a task that is to start</span>
          </li>
        ))}
      </ul>
    </li>
  );
}
