import type { Container, ContainerInstance, Task } from "@aws-sdk/client-ecs";
import type { Config } from "../../config/schema";
import { allNodes, keyOf } from "../nodes/node-key";
import { Refusal } from "../refusals/refusal";
import { unknownName } from "../refusals/unknown-name";
import { expectedOf } from "./expected";
import type { FleetTask } from "./fleet";
import { nodeOf } from "./node-instance";
import { familiesOf, idOf, taskFrom } from "./tasks";

/** The target of a command, as the user names it. */
export interface ExecChoice {
  /** A service, the beginning of a task's id, or a node. */
  readonly target: string;
  readonly site: string | undefined;
  readonly container: string;
}

/** A container in which a command can be run. */
export interface ExecTarget {
  readonly task: string;
  /** Its service. */
  readonly of: string;
  readonly node: string;
  readonly container: string;
}

interface Candidate extends FleetTask {
  readonly raw: Task;
  readonly node: string;
  readonly connected: boolean;
}

/** Number of digits of a task's id that the logs show. */
const shortestId = 8;

/**
 * The target container, in a task whose agent is connected; of several tasks the youngest.
 *
 * @throws {Refusal} that says why there is none, and what to do.
 */
export function execTarget(
  config: Config,
  choice: ExecChoice,
  tasks: readonly Task[],
  instances: readonly ContainerInstance[],
): ExecTarget {
  const families = familiesOf(config, expectedOf(config));
  const running = tasks.map((raw): Candidate => {
    const instance = instances.find((one) => one.containerInstanceArn === raw.containerInstanceArn);
    return {
      ...taskFrom(raw, families),
      raw,
      node: (instance && nodeOf(instance)) ?? "an unknown node",
      connected: instance?.agentConnected === true,
    };
  });
  const meant = meantBy(config, choice, running);
  const able = meant.filter(({ raw }) => raw.enableExecuteCommand === true);
  if (able.length === 0) {
    throw new Refusal(notEnabled(config, meant));
  }
  const services = [...new Set(able.map(({ of, revision }) => of ?? revision))];
  if (services.length > 1) {
    const listed = able.map(({ id, of, revision }) => `${id.slice(0, shortestId)} of ${of ?? revision}`);
    throw new Refusal(`${choice.target} runs several: name one of the tasks ${listed.join(", ")}.`);
  }
  const [chosen] = able.sort(
    (one, other) =>
      Number(other.connected) - Number(one.connected) ||
      ((one.startedAt ?? "") < (other.startedAt ?? "") ? 1 : -1),
  );
  if (chosen?.connected !== true) {
    throw new Refusal(
      `The ECS agent of ${chosen?.node ?? "its node"} isn't connected: try again in a minute, and see "npx anywhere status".`,
    );
  }
  refuseWithoutAgent(chosen, containerOf(chosen, choice));
  return {
    task: chosen.id,
    of: chosen.of ?? chosen.revision,
    node: chosen.node,
    container: choice.container,
  };
}

/** @throws {Refusal} when the target doesn't run. */
function meantBy(
  config: Config,
  { target, site }: ExecChoice,
  running: readonly Candidate[],
): readonly Candidate[] {
  const nodes = allNodes(config).map(keyOf);
  const names = [...Object.keys(config.services), ...Object.keys(config.jobs)];
  if (site !== undefined && !(site in config.sites)) {
    throw new Refusal(unknownName("site", [site], Object.keys(config.sites)));
  }
  const meant = running.filter(
    ({ of, node, id }) =>
      (site === undefined || node.startsWith(`${site}/`)) &&
      (of === target || node === target || (target.length >= shortestId && id.startsWith(target))),
  );
  if (meant.length > 0) {
    return meant;
  }
  if ([...names, ...nodes].includes(target) || /^[0-9a-f]{8,32}$/.test(target)) {
    const where = site === undefined ? "" : ` at ${site}`;
    throw new Refusal(`No task of ${target} runs${where}: "npx anywhere status" shows those that do.`);
  }
  throw new Refusal(unknownName("service, task or node", [target], [...names, ...nodes]));
}

function notEnabled({ services, aws: { region } }: Config, meant: readonly Candidate[]): string {
  const names = [...new Set(meant.map(({ of, revision }) => of ?? revision))];
  const lines = names.map((name) => {
    const service = services[name];
    if (service === undefined) {
      return `ECS Exec works only for services: no command can run in a task of ${name}.`;
    }
    const own = meant.filter(({ of }) => of === name);
    return service.exec
      ? `The tasks of ${name} started before services.${name}.exec was set. The next roll-out starts new ones; at once, ` +
          `${restarts(region, own)} does so.`
      : `services.${name}.exec is false: set it to true, and run "npm run deploy -- control-plane service-${name}".`;
  });
  return lines.join("\n");
}

/** The commands that start these tasks' services again, at each of their sites. */
function restarts(region: string, tasks: readonly Candidate[]): string {
  const commands = tasks.map(
    ({ raw: { clusterArn, group = "" } }) =>
      `"aws ecs update-service --region ${region} --cluster ${idOf(clusterArn)} --service ` +
      `${group.replace("service:", "")} --force-new-deployment"`,
  );
  return [...new Set(commands)].join(" and ");
}

function containerOf({ raw: { containers = [] }, id }: Candidate, { container }: ExecChoice): Container {
  const found = containers.find(({ name }) => name === container);
  if (found === undefined) {
    const known = containers.map(({ name = "" }) => name);
    throw new Refusal(`Task ${id} has no container ${container}: it has ${known.join(" and ")}.`);
  }
  return found;
}

/** @throws {Refusal} when the container's agent for commands isn't running. */
function refuseWithoutAgent({ id }: Candidate, { name = "", managedAgents = [] }: Container): void {
  const agent = managedAgents.find((one) => one.name === "ExecuteCommandAgent");
  if (agent?.lastStatus !== "RUNNING") {
    const reason = agent?.reason === undefined ? "" : ` (${agent.reason})`;
    throw new Refusal(
      `The agent of ECS Exec in container ${name} of task ${id} is ${agent?.lastStatus ?? "not there"}${reason}: try ` +
        "again if the task has just started; otherwise stop the task, and ECS starts another.",
    );
  }
}
