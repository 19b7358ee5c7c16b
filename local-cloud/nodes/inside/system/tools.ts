import type { Engine } from "../containers/engine";
import { createIptables, type Outcome, succeeded } from "./iptables";
import { apt, dpkg } from "./packages";
import { register } from "../agents/registration";
import { reason, type Settings } from "../settings";
import { post, textOf } from "../agents/cloud";
import type { Units } from "./units";

/** Runs one of the programs that the recorder stands in for. */
export type Tools = (program: string, parameters: readonly string[]) => Promise<Outcome>;

/** Each call is reported to the local cloud, whose journal keeps it and whose faults may hit it. */
export function createTools(settings: Settings, units: Units, engine: Engine): Tools {
  const systemctl = (parameters: readonly string[]): Promise<Outcome> => units.systemctl(parameters);
  const iptables = createIptables("iptables");
  const ip6tables = createIptables("ip6tables");
  const programs = new Map<string, (parameters: readonly string[]) => Outcome | Promise<Outcome>>([
    ["apt", (parameters) => apt(systemctl, parameters)],
    ["apt-get", (parameters) => apt(systemctl, parameters)],
    ["dpkg", (parameters) => dpkg(systemctl, parameters)],
    ["systemctl", systemctl],
    ["systemd-run", (parameters) => runLater(systemctl, parameters)],
    ["df", df],
    ["iptables", iptables],
    ["ip6tables", ip6tables],
    ["docker", (parameters) => docker(engine, parameters)],
    ["amazon-ssm-agent", (parameters) => ssmAgentCommand(settings, parameters)],
  ]);

  return async (program, parameters) => {
    const run = programs.get(program);
    if (run === undefined) {
      return { code: 127, output: `${program}: not modelled\n` };
    }
    const effect = await post(settings, "/machine/tool", {
      machine: settings.machine,
      program,
      parameters: withoutCode(parameters),
    });
    const message = textOf(effect, "message");
    if (textOf(effect, "kind") === "error") {
      return { code: 100, output: `${message ?? ""}\n` };
    }
    const outcome = await run(parameters);
    return textOf(effect, "kind") === "lost-answer"
      ? { code: 1, output: `${program}: interrupted\n` }
      : outcome;
  };
}

/** `systemd-run --on-active=SECONDS systemctl …`. */
function runLater(systemctl: Units["systemctl"], parameters: readonly string[]): Outcome {
  const [when = "", program, ...rest] = parameters;
  const [, seconds] = /^--on-active=(\d+)$/.exec(when) ?? [];
  if (seconds === undefined || program !== "systemctl") {
    return { code: 1, output: `systemd-run: not modelled: ${parameters.join(" ")}\n` };
  }
  setTimeout(() => void systemctl(rest), Number(seconds) * 1000);
  return succeeded;
}

/** `df --output=avail -k PATH`: a machine's disk counts as almost empty, however full this computer's is. */
function df(parameters: readonly string[]): Outcome {
  return parameters.join(" ").startsWith("--output=avail -k /")
    ? { code: 0, output: "   Avail\n23000000\n" }
    : { code: 1, output: `df: not modelled: ${parameters.join(" ")}\n` };
}

/** `docker ps --all --quiet` and `docker rm --force ID`; filters by the ECS agent's labels match every container. */
function docker(engine: Engine, [command, ...rest]: readonly string[]): Outcome {
  if (command === "ps" && rest.includes("--quiet")) {
    return {
      code: 0,
      output: engine
        .tasks()
        .flatMap(({ containers }) => containers.map(({ id }) => `${id}\n`))
        .join(""),
    };
  }
  if (command === "rm" && rest.includes("--force")) {
    rest.filter((word) => !word.startsWith("-")).forEach((id) => engine.remove(id));
    return succeeded;
  }
  return { code: 1, output: `docker: not modelled: ${[command, ...rest].join(" ")}\n` };
}

/** Source: Systems Manager User Guide, "Install SSM Agent on hybrid Linux nodes". */
async function ssmAgentCommand(settings: Settings, parameters: readonly string[]): Promise<Outcome> {
  const option = (name: string): string => parameters[parameters.indexOf(name) + 1] ?? "";
  if (!parameters.includes("-register")) {
    return { code: 1, output: "amazon-ssm-agent: not modelled without -register\n" };
  }
  try {
    const activation = { code: option("-code"), id: option("-id"), region: option("-region") };
    const { managedInstanceId } = await register(settings, activation);
    return {
      ...succeeded,
      output: `Successfully registered the instance with AWS SSM using Managed instance-id: ${managedInstanceId}\n`,
    };
  } catch (error) {
    return {
      code: 1,
      output: `Registration failed due to error registering the instance with AWS SSM. ${reason(error)}\n`,
    };
  }
}

function withoutCode(parameters: readonly string[]): readonly string[] {
  return parameters.map((parameter, index) =>
    parameters[index - 1] === "-code" ? "(activation code)" : parameter,
  );
}
