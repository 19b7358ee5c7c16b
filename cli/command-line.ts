import { Command } from "commander";
import { CheckoutProblem } from "../checkout/problem";
import { ConfigError } from "../config/load";
import { Interrupted } from "./terraform/child-process";
import { deploy, type DeployOptions } from "./commands/deploy";
import { destroy, type DestroyOptions } from "./commands/destroy";
import { diff } from "./commands/diff";
import { Refusal } from "./refusals/refusal";
import { synth } from "./commands/synth";

function commands(): Command {
  const program = new Command("anywhere")
    .description(
      "Deploys Amazon ECS Anywhere across clouds. ANYWHERE_ENV names the environment; dev when unset.",
    )
    .showHelpAfterError();
  const stacks = [
    "[stack...]",
    "ids such as control-plane or compute-ams3; all stacks when left out",
  ] as const;
  const autoApprove = ["--auto-approve", "apply Terraform's plans without asking"] as const;
  program
    .command("synth")
    .description("write the Terraform JSON of every stack, for plain terraform or a pipeline")
    .action(() => finish(synth()));
  program
    .command("deploy")
    .description("apply the stacks, each after those it depends on")
    .argument(...stacks)
    .option(...autoApprove)
    .option("--all-at-once", "allow that more than one node of a site is replaced at the same time")
    .option(
      "--replace <site/node>",
      "replace this node, and nothing else unless stacks are named; may be given several times",
      (key: string, keys: readonly string[]) => [...keys, key],
      [],
    )
    .action((ids: string[], options: DeployOptions) => finish(deploy(ids, options)));
  program
    .command("diff")
    .description("show what a deploy would change; exits with 0 without changes, 2 with, 1 on an error")
    .argument(...stacks)
    .action((ids: string[]) => finish(diff(ids)));
  program
    .command("destroy")
    .description("destroy the stacks, each before those it depends on")
    .argument(...stacks)
    .option(...autoApprove)
    .option("--if-exists", "succeed when there is no state, as after an earlier destroy elsewhere")
    .action((ids: string[], options: DestroyOptions) => finish(destroy(ids, options)));
  return program;
}

/** Ends the process with the command's exit code, and shows what its user can act on. */
async function finish(command: Promise<number>): Promise<void> {
  try {
    process.exitCode = await command;
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error(`${error.message} Run the same command again: it goes on where this one stopped.`);
      process.exitCode = error.exitCode;
    } else if (error instanceof ConfigError || error instanceof CheckoutProblem || error instanceof Refusal) {
      console.error(error.message);
      process.exitCode = 1;
    } else {
      throw error;
    }
  }
}

void commands().parseAsync();
