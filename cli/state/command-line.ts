import type { Command } from "commander";
import { example, json, type Finish, type JsonOptions } from "../desk/options";

/** Adds the command that creates the storage for states. */
export function addStateCommand(program: Command, finish: Finish): void {
  program
    .command("bootstrap-state")
    .description(
      "create the storage for Terraform's states, once: an S3 bucket, or HCP Terraform's workspaces",
    )
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere bootstrap-state",
        "It adds and reports what is missing; a second run finds nothing to do.\nExit codes: 0 on success, 1 on failure.",
      ),
    )
    .action((options: JsonOptions) =>
      finish(import("./bootstrap.ts").then(({ bootstrapState }) => bootstrapState(options))),
    );
}
