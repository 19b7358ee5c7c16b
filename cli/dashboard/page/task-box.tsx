import type { FleetTask } from "../../fleet/fleet";
import type { StatusReport } from "../../report/schemas/status-report";
import { numberOf, signs, taskState, taskWord, wantedRevision } from "./model/states";

interface Props {
  readonly task: FleetTask;
  /** Its visible name. */
  readonly label: string;
  readonly report: StatusReport;
  /** Identifies it when it moves. */
  readonly move?: string;
}

/** A task: in the colour of its service, striped while it runs an earlier revision than it should. */
export function TaskBox({ task, label, report, move }: Props) {
  const state = taskState(task);
  const revision = numberOf(task.revision);
  const words = `${task.of ?? task.revision}, revision ${revision}, ${taskWord(task)}${isOld(task, report) ? ", earlier revision" : ""}`;
  return (
    <li
      class={`box ${state} ${isOld(task, report) ? "old" : ""}`}
      style={hueOf(task.of, report)}
      data-move={move}
      title={`${label}: ${words}`}
    >
      {state !== "good" && (
        <span class="mark" aria-hidden="true">
          {signs[state].sign}
        </span>
      )}
      <span class="label">{label}</span>
      <span class="hidden"> {words}</span>
    </li>
  );
}

function isOld({ of, revision }: FleetTask, { services }: StatusReport): boolean {
  const family = revision.slice(0, revision.indexOf(":"));
  const service = services.find((one) => one.service === of && wantedRevision(one)?.startsWith(`${family}:`));
  return service !== undefined && wantedRevision(service) !== revision;
}

/** Hues far apart, especially for neighbours; each service and job has its own, the same across the page. */
const hues = [255, 55, 155, 320, 95, 200, 20, 285];

export function hueOf(name: string | null, { services, jobs }: StatusReport): Record<string, string> {
  const names = [...new Set([...services.map(({ service }) => service), ...jobs.map(({ job }) => job)])];
  const index = name === null ? -1 : names.indexOf(name);
  // Tasks started by neither a service nor a job are grey.
  return index < 0 ? { "--chroma": "0" } : { "--hue": String(hues[index % hues.length]) };
}
