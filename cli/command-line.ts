import { Command, InvalidArgumentError } from "commander";
import { version } from "../package.json";
import { CheckoutProblem } from "../checkout/problem";
import { ConfigError } from "../config/load";
import { isOfAws, reasonOf } from "./aws/client";
import { Interrupted, untilInterrupted } from "./terraform/child-process";
import type { ParallelOptions } from "./commands/deployment";
import type { DeployOptions } from "./commands/deploy";
import type { DestroyOptions } from "./commands/destroy";
import { addDashboardCommand } from "./dashboard/command-line";
import { example } from "./desk/options";
import { addLookingCommands } from "./desk/looking/command-line";
import { addNodeCommands } from "./desk/nodes/command-line";
import { addTaskCommands } from "./desk/tasks/command-line";
import { addDoctorCommand } from "./doctor/command-line";
import { addPipelineCommands } from "./pipeline/command-line";
import { Refusal } from "./refusals/refusal";
import { takenByNpm } from "./refusals/taken-by-npm";
import { addStateCommand } from "./state/command-line";

function commands(): Command {
  const program = new Command("anywhere")
    .description(
      "Deploys Amazon ECS Anywhere across clouds. ANYWHERE_ENV names the environment; dev when unset.",
    )
    .version(version)
    .showHelpAfterError()
    .hook("preAction", (_program, command) => {
      const taken = takenByNpm(command.name(), command.options, process.env);
      if (taken !== undefined) {
        console.error(taken);
        process.exit(1);
      }
    });
  const stacks = [
    "[stack...]",
    "ids such as control-plane or compute-ams3; all stacks when left out",
  ] as const;
  const autoApprove = ["--auto-approve", "apply Terraform's plans without asking"] as const;
  const parallel = [
    "--parallel <number>",
    "how many Terraform processes may run at the same time (default: 4 per core, within the free memory)",
    (text: string) => {
      if (!/^[1-9]\d{0,2}$/.test(text)) {
        throw new InvalidArgumentError("It must be a number from 1 to 999.");
      }
      return Number(text);
    },
  ] as const;
  program
    .command("synth")
    .description("write the Terraform JSON of every stack, for plain Terraform or a pipeline")
    .addHelpText("after", example("anywhere synth", "Exit codes: 0 on success, 1 on failure."))
    .action(() => finish(import("./commands/synth.ts").then(({ synth }) => synth())));
  program
    .command("deploy")
    .description("apply the stacks in parallel, each after those it depends on")
    .argument(...stacks)
    .option(...parallel)
    .option(...autoApprove)
    .option("--all-at-once", "allow replacing more than one node of a site at the same time")
    .option(
      "--replace <site/node>",
      "replace this node, and nothing else unless you name stacks; may be repeated",
      (key: string, keys: readonly string[]) => [...keys, key],
      [],
    )
    .option("--roll-forward", "return rolled-back services to their present images")
    .addHelpText(
      "after",
      example(
        "anywhere deploy service-web --auto-approve",
        "Run it again to continue where it stopped.\nExit codes: 0 on success, 1 on failure.",
      ),
    )
    .action((ids: string[], options: DeployOptions) =>
      finish(import("./commands/deploy.ts").then(({ deploy }) => deploy(ids, options))),
    );
  program
    .command("diff")
    .description("show what a deploy would change")
    .argument(...stacks)
    .option(...parallel)
    .addHelpText(
      "after",
      example("anywhere diff compute-ams3", "Exit codes: 0 no changes; 2 changes; 1 the command failed."),
    )
    .action((ids: string[], options: ParallelOptions) =>
      finishLooking(import("./commands/diff.ts").then(({ diff }) => diff(ids, options))),
    );
  program
    .command("destroy")
    .description("destroy the stacks in parallel, each before those it depends on")
    .argument(...stacks)
    .option(...parallel)
    .option(...autoApprove)
    .option("--if-exists", "succeed when there is no state, as after an earlier destroy elsewhere")
    .addHelpText(
      "after",
      example(
        "anywhere destroy compute-berlin",
        "Run it again to continue where it stopped.\nExit codes: 0 on success, 1 on failure.",
      ),
    )
    .action((ids: string[], options: DestroyOptions) =>
      finish(import("./commands/destroy.ts").then(({ destroy }) => destroy(ids, options))),
    );
  addLookingCommands(program, finishLooking);
  addTaskCommands(program, finishLooking, finish);
  addNodeCommands(program, { finish, parallel, autoApprove });
  addDashboardCommand(program, finishLooking);
  addDoctorCommand(program, finishLooking);
  addPipelineCommands(program, finishLooking);
  addStateCommand(program, finish);
  // All of it would scroll the error away.
  return program.showHelpAfterError('"npx anywhere --help" lists the commands.');
}

/** The same for a read-only command, which has nothing to resume. */
async function finishLooking(command: Promise<number>): Promise<void> {
  await finish(command, "");
}

/** Ends the process with the command's exit code, and shows errors that the user can act on. */
async function finish(
  command: Promise<number>,
  afterInterruption = "Run the same command again: it continues where this one stopped.",
): Promise<void> {
  for (const screen of [process.stdout, process.stderr]) {
    // The reader may exit first: Terraform still runs to its end.
    screen.on("error", () => undefined);
  }
  try {
    process.exitCode = await Promise.race([command, untilInterrupted()]);
  } catch (error) {
    if (error instanceof Interrupted) {
      // After what the terminal has echoed.
      const begin = process.stdin.isTTY && process.stderr.isTTY ? "\n" : "";
      console.error(afterInterruption === "" ? "" : `${begin}${error.message} ${afterInterruption}`);
      // A call to a cloud may still be pending.
      process.exit(error.exitCode);
    } else if (error instanceof ConfigError || error instanceof CheckoutProblem || error instanceof Refusal) {
      console.error(error.message);
      process.exitCode = 1;
    } else if (isOfAws(error)) {
      console.error(
        `AWS can't be reached, or denies the request: ${reasonOf(error)}. "npx anywhere doctor" shows the cause.`,
      );
      process.exitCode = 1;
    } else {
      throw error;
    }
  }
}

void commands().parseAsync();
