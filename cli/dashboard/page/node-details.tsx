import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { FleetNode } from "../../fleet/fleet";
import { shortTime } from "../../fleet/time";
import type { StatusReport } from "../../report/schemas/status-report";
import { keyOf, taskWord } from "./model/states";

interface Props {
  readonly node: FleetNode;
  readonly report: StatusReport;
  readonly onClose: () => void;
}

/** Everything known about a node. */
export function NodeDetails({ node, report, onClose }: Props) {
  const { machine, managedInstance, activation, containerInstance, tasks, backends } = node;
  const key = keyOf(node);
  const problems = report.problems.filter(({ subject }) => subject === key);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Below a hundred nodes, it would open out of sight.
    place.current?.scrollIntoView({ block: "nearest" });
  }, [key]);
  return (
    <div class="details" role="region" aria-label={key} ref={place}>
      <h3>
        {key}
        <button type="button" class="close" onClick={onClose} aria-label={`Close ${key}`}>
          ✕
        </button>
      </h3>
      {problems.map(({ kind, message, remedy }) => (
        <p key={kind} class="bad">
          {message} <span class="remedy">→ {remedy}</span>
        </p>
      ))}
      <dl>
        {machine !== null && (
          <Entry name="Droplet">
            <code>{machine.id}</code> {machine.status}
          </Entry>
        )}
        {managedInstance !== null && (
          <Entry name="Systems Manager">
            <code>{managedInstance.id}</code> {managedInstance.pingStatus}, last heard from at{" "}
            {shortTime(managedInstance.lastPingAt)}
          </Entry>
        )}
        {activation !== null && (
          <Entry name="Activation">
            <code>{activation.id}</code> {activation.state}, until {shortTime(activation.expiresAt)}
          </Entry>
        )}
        {containerInstance !== null && (
          <Entry name="ECS">
            <code>{containerInstance.id}</code> {containerInstance.status}, agent{" "}
            {containerInstance.agentVersion ?? ""} {containerInstance.agentConnected ? "connected" : "lost"}
          </Entry>
        )}
        {tasks.map((task) => (
          <Entry key={task.id} name={`Task of ${task.of ?? "an unknown service"}`}>
            <code>{task.id}</code> {task.revision} {taskWord(task)}
            <br />
            <span class="dim">{task.image}</span>
          </Entry>
        ))}
        {backends.map(({ service, state, measuredAt }) => (
          <Entry key={service} name={`Load balancer of ${service}`}>
            {state}
            {measuredAt !== null && `, measured at ${shortTime(measuredAt)}`}
          </Entry>
        ))}
      </dl>
    </div>
  );
}

function Entry({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
