import { InvalidArgumentError, type Command } from "commander";
import { exitCodesHelp } from "./exit-codes";
import { drain, undrain } from "./drain";
import { events, type JsonOptions } from "./events";
import { heal, type HealOptions } from "./heal";
import { logs, type LogsOptions } from "./logs";
import { status, type StatusOptions } from "./status";

/** Runs a command that only looks, and ends the process with its exit code. */
export type Finish = (command: Promise<number>) => Promise<void>;

const json = ["--json", "print JSON, as the schemas in docs/schemas describe it"] as const;

/** Adds the commands with which a deployment is looked after. */
export function addDeskCommands(program: Command, finish: Finish): void {
  program
    .command("status")
    .description(
      "show nodes, registrations, tasks, services and jobs as they are, and what is wrong, in one view",
    )
    .argument("[name...]", "sites, services, jobs or nodes (ams3/node-1); everything when left out")
    .option(...json)
    .option("--watch [seconds]", "look again every so many seconds, until Ctrl-C (default: 10)", interval)
    .addHelpText("after", example("anywhere status --watch ams3", exitCodesHelp))
    .action((names: string[], { watch, ...options }: WatchOptions) =>
      finish(
        status(names, { ...options, ...(watch !== undefined && { watch: watch === true ? 10 : watch }) }),
      ),
    );
  program
    .command("events")
    .description(
      "show what ECS tells of a service or of a job's runs, and why tasks have stopped; the newest last",
    )
    .argument("[name]", "a service or a job; all of them when left out")
    .option(...json)
    .addHelpText("after", example("anywhere events web", "Exit codes: 0, or 1 when it couldn't be done."))
    .action((name: string | undefined, options: JsonOptions) => finish(events(name, options)));
  program
    .command("logs")
    .description("show what the tasks of a service or a job have printed, wherever they run, in one")
    .argument("<name>", "a service or a job")
    .option("--follow", "go on with what they print from now on, until Ctrl-C")
    .option("--since <time>", "how far back, such as 15m or 2h (default: 1h)", period)
    .option(
      "--site <site>",
      "only tasks of this site, as far as ECS still knows them: for an hour after they end",
    )
    .option(json[0], "print JSON, a line each, as the schemas in docs/schemas describe it")
    .addHelpText(
      "after",
      example("anywhere logs web --follow --since 5m", "Exit codes: 0, or 1 when it couldn't be done."),
    )
    .action((name: string, options: LogsOptions) => finish(logs(name, options)));
  const node = ["<site/node>", "the node, such as ams3/node-1"] as const;
  program
    .command("drain")
    .description("take a node out of service, and wait until its tasks have ended")
    .argument(...node)
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere drain ams3/node-1",
        "Exit codes: 0 it runs nothing any more; 2 some tasks go on; 1 it couldn't be done.",
      ),
    )
    .action((name: string, options: JsonOptions) => finish(drain(name, options)));
  program
    .command("undrain")
    .description("take a drained node back into service")
    .argument(...node)
    .option(...json)
    .addHelpText(
      "after",
      example("anywhere undrain ams3/node-1", "Exit codes: 0, or 1 when it couldn't be done."),
    )
    .action((name: string, options: JsonOptions) => finish(undrain(name, options)));
  program
    .command("heal")
    .description("deregister nodes whose agents have been lost for long, so that their tasks start elsewhere")
    .option("--after <time>", "how long, such as 2h (default: 15m)", patience)
    .option("--dry-run", "only say which")
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere heal --after 15m",
        "Run it every few minutes. Exit codes: 0 no agent is lost; 2 some are, and are told; 1 it couldn't be done.",
      ),
    )
    .action((options: HealOptions) => finish(heal(options)));
}

interface WatchOptions extends Omit<StatusOptions, "watch"> {
  readonly watch?: number | true;
}

/** Source: Amazon ECS API Reference, request throttling: a look every five seconds is far from its limits. */
function interval(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 5 || seconds > 3600) {
    throw new InvalidArgumentError("It must be a number of seconds from 5 to 3600.");
  }
  return seconds;
}

/** Minutes. */
function period(text: string): number {
  const [, number = "", unit = "m"] = /^([1-9]\d{0,3})(m|h)$/.exec(text) ?? [];
  if (number === "") {
    throw new InvalidArgumentError("It must be a time such as 15m or 2h.");
  }
  return Number(number) * (unit === "h" ? 60 : 1);
}

/** Agents reconnect several times an hour: less than five minutes says nothing. */
function patience(text: string): number {
  const minutes = period(text);
  if (minutes < 5) {
    throw new InvalidArgumentError("It must be five minutes at least.");
  }
  return minutes;
}

function example(command: string, more: string): string {
  return `\nExample:\n  ${command}\n\n${more}`;
}
