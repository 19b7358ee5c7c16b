import { useId, useRef, useState } from "preact/hooks";
import type { FleetNode, FleetSite, FleetTask } from "../../fleet/fleet";
import type { StatusReport } from "../../report/schemas/status-report";
import { NodeDetails } from "./node-details";
import { Sign } from "./sign";
import { backendStates, keyOf, nodeNote, nodeState, numberOf, signs, taskWord } from "./model/states";
import { TaskBox } from "./task-box";

/** From this many nodes on, they are drawn small. */
const many = 24;

interface Props {
  readonly site: FleetSite;
  readonly report: StatusReport;
}

/**
 * A site as a map of its nodes. It is one tab stop, and the arrow keys move between nodes.
 * Source: W3C, "ARIA Authoring Practices Guide", roving tabindex.
 */
export function Site({ site: { site, kind, nodes }, report }: Props) {
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const [current, setCurrent] = useState(0);
  const [open, setOpen] = useState<string>();
  const opened = nodes.find((node) => keyOf(node) === open);
  const reach = Math.min(current, nodes.length - 1);
  const isDense = nodes.length > many;
  const onKeyDown = (event: KeyboardEvent) => {
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    const columns = buttons.filter(({ offsetTop }) => offsetTop === buttons[0]?.offsetTop).length;
    const next = nextOf(event.key, reach, columns, buttons.length);
    if (next !== undefined) {
      event.preventDefault();
      setCurrent(next);
      buttons[next]?.focus();
    } else if (event.key === "Escape") {
      setOpen(undefined);
    }
  };
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>
        {site}{" "}
        <span class="dim">
          {kind} · {nodes.length} {nodes.length === 1 ? "node" : "nodes"}
        </span>
      </h2>
      {isDense && (
        <p class="legend dim" aria-hidden="true">
          <span class="box" /> task <span class="box old" /> earlier revision <span class="bar" /> load
          balancer
        </p>
      )}
      <ul class={isDense ? "nodes dense" : "nodes"} ref={list} onKeyDown={onKeyDown}>
        {nodes.map((node, index) => (
          <Tile
            key={node.node}
            node={node}
            report={report}
            isReached={index === reach}
            isOpen={node === opened}
            details={`${id}-details`}
            onClick={() => {
              setCurrent(index);
              setOpen(node === opened ? undefined : keyOf(node));
            }}
          />
        ))}
      </ul>
      <div id={`${id}-details`} aria-live="polite">
        {opened !== undefined && (
          <NodeDetails
            node={opened}
            report={report}
            onClose={() => {
              setOpen(undefined);
              list.current?.querySelectorAll("button")[reach]?.focus();
            }}
          />
        )}
      </div>
    </section>
  );
}

/** The tile that a key moves to from this one; undefined for none. */
function nextOf(key: string, from: number, columns: number, count: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -from,
    End: count - 1 - from,
  };
  const step = steps[key];
  const next = from + (step ?? 0);
  return step === undefined || next < 0 || next >= count ? undefined : next;
}

interface TileProps {
  readonly node: FleetNode;
  readonly report: StatusReport;
  readonly isReached: boolean;
  readonly isOpen: boolean;
  /** Id of the element for its details. */
  readonly details: string;
  readonly onClick: () => void;
}

function Tile({ node, report, isReached, isOpen, details, onClick }: TileProps) {
  const state = nodeState(node, report);
  const note = nodeNote(node, report);
  const name = useId();
  const summary = (task: FleetTask) => `${task.of ?? "?"} :${numberOf(task.revision)} ${taskWord(task)}`;
  return (
    <li class={`node ${state}`}>
      <button
        type="button"
        tabIndex={isReached ? 0 : -1}
        aria-expanded={isOpen}
        aria-controls={details}
        title={[`${node.node}: ${note === "" ? signs[state].word : note}`, ...node.tasks.map(summary)].join(
          "\n",
        )}
        onClick={onClick}
      >
        <span class="name" id={name}>
          <Sign state={state} /> <span class="short">{node.node}</span>
        </span>
      </button>
      {note !== "" && <p class="note">{note}</p>}
      <ul class="boxes" aria-labelledby={name}>
        {node.tasks.map((task) => (
          <TaskBox
            key={task.id}
            label={`${task.of ?? "?"} :${numberOf(task.revision)}`}
            task={task}
            report={report}
          />
        ))}
      </ul>
      {node.backends.length > 0 && (
        <ul class="backends" aria-labelledby={name}>
          {node.backends.map(({ service, state: health }) => (
            <li key={service} class={backendStates[health]} title={`load balancer of ${service}: ${health}`}>
              <span class="label">
                ⇄ {service} {health}
              </span>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
