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
      "show the current nodes, registrations, tasks, services and jobs, and all problems, in one view",
    )
    .argument("[name...]", "sites, services, jobs or nodes (ams3/node-1); default: everything")
    .option(...json)
    .option("--watch [seconds]", "refresh every so many seconds, until Ctrl-C (default: 10)", interval)
    .addHelpText("after", example("anywhere status ams3 --watch", exitCodesHelp))
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
    .description("show ECS events of a service or a job's runs, and why tasks stopped; the newest last")
    .argument("[name]", "a service or a job; default: all of them")
    .option(...json)
    .addHelpText("after", example("anywhere events web", "Exit codes: 0 on success, 1 on failure."))
    .action((name: string | undefined, options: JsonOptions) =>
      finish(import("./events.ts").then(({ events }) => events(name, options))),
    );
  program
    .command("logs")
    .description("show the merged output of all tasks of a service or a job, or the bootstrap log of a node")
    .argument("<name>", "a service, a job or a node (ams3/node-1)")
    .option("--follow", "keep following new output, until Ctrl-C")
    .option("--since <time>", "how far back, such as 15m or 2h (default: 1h)", period)
    .option("--site <site>", "only tasks at this site that ECS still knows: up to an hour after they end")
    .option("--ssh <user@host>", "address of a node's machine, the only place with its bootstrap log", host)
    .option(json[0], "print JSON, one object per line, as described by the schemas in docs/schemas")
    .addHelpText(
      "after",
      example("anywhere logs web --follow --since 5m", "Exit codes: 0 on success, 1 on failure."),
    )
    .action((name: string, options: LogsOptions) =>
      finish(import("./logs.ts").then(({ logs }) => logs(name, options))),
    );
}

interface WatchOptions extends Omit<StatusOptions, "watch"> {
  readonly watch?: number | true;
}
