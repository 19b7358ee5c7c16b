import type { Command } from "commander";
import { example, json, type Finish } from "../desk/options";
import type { JsonOptions } from "../desk/options";

/** Adds the command that looks whether everything is there. */
export function addDoctorCommand(program: Command, finish: Finish): void {
  program
    .command("doctor")
    .description(
      "look whether all that a deployment needs is there: programs, file, credentials, permissions, quotas",
    )
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere doctor",
        "Exit codes: 0 nothing fails, though there may be warnings; 2 something fails, and is told with its remedy; 1 it couldn't be done.",
      ),
    )
    .action((options: JsonOptions) => finish(import("./doctor.ts").then(({ doctor }) => doctor(options))));
}
