import type { Command } from "commander";
import { example, json, type Finish, type JsonOptions } from "../desk/options";

/** Adds the command that makes the place of the states. */
export function addStateCommand(program: Command, finish: Finish): void {
  program
    .command("bootstrap-state")
    .description(
      "make the place where Terraform keeps the states, once: an S3 bucket, or HCP Terraform's workspaces",
    )
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere bootstrap-state",
        "It adds what is missing, and says so; run again, it finds nothing to do. Exit codes: 0, or 1 when it couldn't be done.",
      ),
    )
    .action((options: JsonOptions) =>
      finish(import("./bootstrap.ts").then(({ bootstrapState }) => bootstrapState(options))),
    );
}
