import type { Command } from "commander";
import { example, json, type Finish, type JsonOptions } from "../desk/options";
import type { CheckOptions } from "./plan-refusals";
import type { StacksOptions } from "./stacks";

/** Adds the commands for pipelines with plain Terraform. */
export function addPipelineCommands(program: Command, finish: Finish): void {
  program
    .command("stacks")
    .description("list the stacks as they were synthesised last, in the order in which they are applied")
    .argument("[stack...]", "only these")
    .option("--destroy", "in the order in which they are destroyed")
    .option(
      "--here",
      "fail if HCP Terraform itself plans and applies; for pipelines that run Terraform themselves",
    )
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere stacks",
        "One line each: its id, its folder, the stacks before it, and those whose outputs it reads, separated by tabs.\nExit codes: 0 on success, 1 when nothing is synthesised.",
      ),
    )
    .action((ids: string[], options: StacksOptions) =>
      finish(import("./stacks.ts").then(({ stacks }) => stacks(ids, options))),
    );
  program
    .command("check")
    .description("refuse saved plans that a deploy or destroy would refuse")
    .argument(
      "<plan...>",
      "output of terraform show -json, in files named after their stacks: control-plane.json",
    )
    .option("--destroy", "the plans are those of a destroy")
    .option("--all-at-once", "allow replacing more than one node of a site at the same time")
    .option("--roll-forward", "allow returning rolled-back services to their present images")
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere check plans/control-plane.json",
        "Exit codes: 0 every plan may be applied; 2 a plan is refused, with the remedy; 1 the check failed.",
      ),
    )
    .action((files: string[], options: CheckOptions & JsonOptions) =>
      finish(import("./check.ts").then(({ check }) => check(files, options))),
    );
  program
    .command("redact")
    .description("copy standard input without the secrets of a state")
    .argument("<state>", "a file with the output of terraform state pull")
    .addHelpText(
      "after",
      example("anywhere redact state.json <plan.txt", "Exit codes: 0 on success, 1 on failure."),
    )
    .action(async (file: string) => {
      process.exitCode = await import("./redact.ts").then(({ redact }) => redact(file));
    });
}
