import type { FleetEvent } from "../../fleet/events";
import { toldOf } from "./model/events";
import { timeOfDay } from "./model/time";

interface Props {
  readonly events: readonly FleetEvent[];
  /** The time of the look that reported them. */
  readonly at: string;
}

/** The number of subjects shown when an event concerns several. */
const named = 2;

/** All events, the newest first. */
export function Events({ events, at: now }: Props) {
  return (
    <aside aria-labelledby="events">
      <h2 id="events">Events</h2>
      {events.length === 0 ? (
        <p class="dim">Nothing has happened yet.</p>
      ) : (
        // It scrolls, so that the keyboard has to reach it.
        <ol tabIndex={0} aria-labelledby="events">
          {toldOf(events).map(({ at, subjects, message, node, tone }) => (
            <li key={`${at} ${node ?? ""} ${message}`} class={tone}>
              <time dateTime={at}>{timeOfDay(at, now)}</time>{" "}
              <strong title={subjects.join("\n")}>{subjects.slice(0, named).join(", ")}</strong>
              {subjects.length > named && <span class="dim"> and {subjects.length - named} more</span>}
              {node !== null && <span class="dim"> {node}</span>}
              <p>{message}</p>
            </li>
          ))}
        </ol>
      )}
    </aside>
  );
}
