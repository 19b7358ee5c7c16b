import type { Command } from "commander";
import { exitCodesHelp } from "../exit-codes";
import { example, host, interval, json, period, type Finish, type JsonOptions } from "../options";
import type { LogsOptions } from "./logs";
import type { StatusOptions } from "./status";

/** Adds the commands that only look at a deployment. */
export function addLookingCommands(program: Command, finish: Finish): void {
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
        import("./status.ts").then(({ status }) =>
          status(names, {
            ...options,
            ...(watch !== undefined && { watch: watch === true ? 10 : watch }),
          }),
        ),
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
    .action((name: string | undefined, options: JsonOptions) =>
      finish(import("./events.ts").then(({ events }) => events(name, options))),
    );
  program
    .command("logs")
    .description(
      "show what the tasks of a service or a job have printed, wherever they run, in one; of a node its bootstrap log",
    )
    .argument("<name>", "a service, a job or a node (ams3/node-1)")
    .option("--follow", "go on with what they print from now on, until Ctrl-C")
    .option("--since <time>", "how far back, such as 15m or 2h (default: 1h)", period)
    .option(
      "--site <site>",
      "only tasks of this site, as far as ECS still knows them: for an hour after they end",
    )
    .option("--ssh <user@host>", "where a node's machine is: its bootstrap log is nowhere else", host)
    .option(json[0], "print JSON, a line each, as the schemas in docs/schemas describe it")
    .addHelpText(
      "after",
      example("anywhere logs web --follow --since 5m", "Exit codes: 0, or 1 when it couldn't be done."),
    )
    .action((name: string, options: LogsOptions) =>
      finish(import("./logs.ts").then(({ logs }) => logs(name, options))),
    );
}

interface WatchOptions extends Omit<StatusOptions, "watch"> {
  readonly watch?: number | true;
}
