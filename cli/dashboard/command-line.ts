import { InvalidArgumentError, type Command } from "commander";
import { example, interval, json, type Finish } from "../desk/options";
import type { DashboardOptions } from "./dashboard";

/** Adds the command that serves the dashboard. */
export function addDashboardCommand(program: Command, finish: Finish): void {
  program
    .command("dashboard")
    .description("serve a page on this computer that shows a live version of status")
    .option("--port <port>", "port on 127.0.0.1 (default: any that is free)", portFrom)
    .option("--every <seconds>", "how often to refresh while a browser has the page open", interval, 10)
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere dashboard --port 8080",
        "It runs until Ctrl-C. Exit codes: 130 after Ctrl-C; 1 on failure.",
      ),
    )
    .action((options: DashboardOptions) =>
      finish(import("./dashboard.ts").then(({ dashboard }) => dashboard(options))),
    );
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new InvalidArgumentError("It must be a port from 1 to 65535.");
  }
  return port;
}
