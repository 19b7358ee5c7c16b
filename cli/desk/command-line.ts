import { InvalidArgumentError, type Command } from "commander";
import { exitCodesHelp } from "./exit-codes";
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

function example(command: string, more: string): string {
  return `\nExample:\n  ${command}\n\n${more}`;
}
