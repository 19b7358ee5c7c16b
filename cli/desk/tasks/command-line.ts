import { InvalidArgumentError, type Command } from "commander";
import { example, json, type Finish } from "../options";
import type { ExecOptions } from "./exec";
import type { RollbackCommandOptions } from "./rollback";
import type { RunOptions } from "./run";

/** Adds the commands that run something on nodes: a task, a command in one, or an earlier image. */
export function addTaskCommands(program: Command, finishLooking: Finish, finish: Finish): void {
  program
    .command("run")
    .description(
      "run a command in a task of its own, with image, settings and permissions of a service or job",
    )
    .argument("<name>", "a service or a job")
    .argument("[command...]", "the command, after --; a job's own when left out")
    .option("--count <number>", "how many tasks (default: 1)", between(1, 10))
    .option("--site <site>", "where; needed for a service at several sites")
    .option(
      "--memory <MiB>",
      "memory that each may use (default: the service's or job's own)",
      between(6, 2 ** 20),
    )
    .option("--wait", "show what it prints until it ends, and end with its exit code")
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere run web --wait -- node migrate.js",
        "Exit codes: 0, or 1 when it couldn't be started; with --wait the command's, or 1 when it never ran.",
      ),
    )
    .action((name: string, command: string[], options: RunOptions) =>
      finishLooking(import("./run.ts").then(({ run }) => run(name, command, options))),
    );
  program
    .command("exec")
    .description("run a command in a container of a task that runs, by ECS Exec, at this terminal")
    .argument("<target>", "a service, a task's id or its beginning, or a node (ams3/node-1)")
    .argument("<command...>", "the command, after --")
    .option("--site <site>", "only tasks of this site")
    .option("--container <name>", "app, or proxy (default: app)")
    .addHelpText(
      "after",
      example(
        "anywhere exec web -- sh",
        "It needs services.<name>.exec, the AWS CLI and its Session Manager plugin.\n" +
          "Exit codes: 0, or 1 when it couldn't be done; the AWS CLI doesn't tell the command's own.",
      ),
    )
    .action((target: string, command: string[], options: ExecOptions) =>
      finishLooking(import("./exec.ts").then(({ exec }) => exec(target, command, options))),
    );
  program
    .command("rollback")
    .description(
      "deploy an earlier image of a service, and keep it until there is another than those it had since",
    )
    .argument("<service>", "a service whose image is built here")
    .option("--to <tag>", "the image's tag or commit (default: the one that was pushed before)")
    .option("--list", "only show which images there are, when they were pushed and of which commit")
    .option("--json", "with --list: print JSON, as the schemas in docs/schemas describe it")
    .option("--auto-approve", "apply Terraform's plan without asking")
    .addHelpText(
      "after",
      example("anywhere rollback web --to 0c6fab8a7ead2b40", "Exit codes: 0, or 1 when it couldn't be done."),
    )
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
