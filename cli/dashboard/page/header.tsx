import type { Told } from "../feed";
import { isStale, useClock } from "./connection";
import { Sign } from "./sign";
import { nodeState, type State } from "./model/states";

interface Props {
  readonly told: Told;
  readonly isConnected: boolean;
}

/** The deployment's name, its health in numbers, and the age of the data. */
export function Header({ told, isConnected }: Props) {
  const { report } = told.look;
  const nodes = report.sites.flatMap((site) => site.nodes);
  const good = nodes.filter((node) => nodeState(node, report) === "good").length;
  const running = sum(report.services.map((service) => service.running));
  const desired = sum(report.services.map((service) => service.desired));
  const backends = nodes.flatMap((node) => node.backends);
  const healthy = backends.filter(({ state }) => state === "healthy").length;
  return (
    <header>
      <h1>
        {report.deployment} <span class="dim">{report.region}</span>
      </h1>
      <dl class={isStale({ told, isConnected }) ? "figures stale" : "figures"}>
        <Figure name="Nodes healthy" value={good} of={nodes.length} />
        <Figure name="Tasks running" value={running} of={desired} />
        {backends.length > 0 && <Figure name="Backends healthy" value={healthy} of={backends.length} />}
        <div>
          <dt>Problems</dt>
          <dd class={report.problems.length === 0 ? "good" : "bad"}>{report.problems.length}</dd>
        </div>
      </dl>
      <Freshness told={told} isConnected={isConnected} />
    </header>
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

function Figure({ name, value, of }: { readonly name: string; readonly value: number; readonly of: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={value === of ? "good" : "changing"}>
        {value}
        <span class="dim"> / {of}</span>
      </dd>
    </div>
  );
}

function Freshness({ told: { look, trouble, every }, isConnected }: Props) {
  const seconds = Math.max(0, Math.round((useClock() - Date.parse(look.report.at)) / 1000));
  const age = seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
  // A look takes some seconds itself.
  const isLate = seconds > 2 * every + 20;
  const [state, text]: [State, string] = !isConnected
    ? ["bad", "Not connected: is the command still running?"]
    : trouble !== null
      ? ["bad", trouble]
      : isLate
        ? ["changing", "Late"]
        : ["good", "Live"];
  return (
    <p class="freshness">
      <span role="status">
        <Sign state={state} /> {text}
      </span>
      <span class="dim"> · looked {age}</span>
    </p>
  );
}
