import { InvalidArgumentError, Option, type Command } from "commander";
import { example, json, onlyWith, type Finish } from "../options";
import type { ExecOptions } from "./exec";
import type { RollbackCommandOptions } from "./rollback";
import type { RunOptions } from "./run";

/** Adds the commands that run a task, a command in a task, or an earlier image. */
export function addTaskCommands(program: Command, finishLooking: Finish, finish: Finish): void {
  program
    .command("run")
    .description(
      "run a command in its own task, with the image, settings and permissions of a service or job",
    )
    .argument("<name>", "a service or a job")
    .argument("[command...]", "the command, after --; default for a job: its own")
    .option("--count <number>", "how many tasks (default: 1)", between(1, 10))
    .option("--site <site>", "site to run at; required for a service at several sites")
    .option(
      "--memory <MiB>",
      "memory for each task (default: the service's or job's own)",
      between(6, 2 ** 20),
    )
    .option("--wait", "show its output until it ends, and exit with its exit code")
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere run web --wait -- node migrate.js",
        "Exit codes: 0 if it started, otherwise 1; with --wait the command's own, or 1 if it never ran.",
      ),
    )
    .action((name: string, command: string[], options: RunOptions) =>
      finishLooking(import("./run.ts").then(({ run }) => run(name, command, options))),
    );
  program
    .command("exec")
    .description("run a command in the container of a running task through ECS Exec, at this terminal")
    .argument("<target>", "a service, a task's id or the start of one, or a node (ams3/node-1)")
    .argument("<command...>", "the command, after --")
    .option("--site <site>", "only tasks of this site")
    .option("--container <name>", "app, or proxy (default: app)")
    .addHelpText(
      "after",
      example(
        "anywhere exec web -- sh",
        "It needs services.<name>.exec, the AWS CLI and its Session Manager plugin.\n" +
          "Exit codes: 0 on success, 1 on failure; the AWS CLI doesn't report the command's own.",
      ),
    )
    .action((target: string, command: string[], options: ExecOptions) =>
      finishLooking(import("./exec.ts").then(({ exec }) => exec(target, command, options))),
    );
  program
    .command("rollback")
    .description(
      "deploy an earlier image of a service, and keep it until the service gets an image other than those it was rolled back from",
    )
    .argument("<service>", "a service whose image is built here")
    .option("--to <tag>", "the image's tag or commit (default: the image pushed before the present one)")
    .addOption(
      new Option("--list", "only list the images, with the time of their push and their commit").conflicts([
        "to",
        "autoApprove",
      ]),
    )
    .option("--json", "with --list: print JSON, as described by the schemas in docs/schemas")
    .option("--auto-approve", "apply Terraform's plan without asking")
    .addHelpText(
      "after",
      example("anywhere rollback web --to 0c6fab8a7ead2b40", "Exit codes: 0 on success, 1 on failure."),
    )
    .hook("preAction", onlyWith("--json", "--list"))
    .action((service: string, options: RollbackCommandOptions) =>
      finish(import("./rollback.ts").then(({ rollback }) => rollback(service, options))),
    );
}

function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || number > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}
