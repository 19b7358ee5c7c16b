import type { Command } from "commander";
import { example, json, type Finish } from "../desk/options";
import type { JsonOptions } from "../desk/options";

/** Adds the command that checks all prerequisites. */
export function addDoctorCommand(program: Command, finish: Finish): void {
  program
    .command("doctor")
    .description("check everything that a deployment needs: programs, file, credentials, permissions, quotas")
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere doctor",
        "Exit codes: 0 no failures, though there may be warnings; 2 failures, reported with their remedies; 1 the command failed.",
      ),
    )
    .action((options: JsonOptions) => finish(import("./doctor.ts").then(({ doctor }) => doctor(options))));
}
