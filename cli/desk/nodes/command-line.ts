import { InvalidArgumentError, type Command } from "commander";
import { example, host, json, period, type Finish, type JsonOptions } from "../options";
import type { HealOptions } from "./heal";
import type { JoinOptions } from "./join";
import type { LeaveOptions } from "./leave";
import type { OrphansOptions } from "./orphans";
import type { RollOptions } from "./roll";

/** What commands that change a fleet have of all others. */
interface Shared {
  /** Ends the process with a command's exit code, and says after an interruption how to go on. */
  readonly finish: Finish;
  readonly parallel: readonly [string, string, (text: string) => number];
  readonly autoApprove: readonly [string, string];
}

const ssh = [
  "--ssh <user@host>",
  "run it there by SSH, as root or with sudo without a password",
  host,
] as const;

/** Adds the commands that change which nodes a deployment has, and which of them serve. */
export function addNodeCommands(program: Command, { finish, parallel, autoApprove }: Shared): void {
  const node = ["<site/node>", "the node, such as ams3/node-1"] as const;
  program
    .command("drain")
    .description("take a node out of service, and wait until its tasks have ended")
    .argument(...node)
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere drain ams3/node-1",
        "Exit codes: 0 it runs nothing any more; 2 some tasks go on; 1 it couldn't be done.",
      ),
    )
    .action((name: string, options: JsonOptions) =>
      finish(import("./drain.ts").then(({ drain }) => drain(name, options))),
    );
  program
    .command("undrain")
    .description("take a drained node back into service")
    .argument(...node)
    .option(...json)
    .addHelpText(
      "after",
      example("anywhere undrain ams3/node-1", "Exit codes: 0, or 1 when it couldn't be done."),
    )
    .action((name: string, options: JsonOptions) =>
      finish(import("./drain.ts").then(({ undrain }) => undrain(name, options))),
    );
  program
    .command("heal")
    .description("deregister nodes whose agents have been lost for long, so that their tasks start elsewhere")
    .option("--after <time>", "how long, such as 2h (default: 15m)", patience)
    .option("--dry-run", "only say which")
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere heal --after 15m",
        "Run it every few minutes. Exit codes: 0 no agent is lost; 2 some are, and are told; 1 it couldn't be done.",
      ),
    )
    .action((options: HealOptions) => finish(import("./heal.ts").then(({ heal }) => heal(options))));
  program
    .command("roll")
    .description(
      "replace the nodes whose replacement is pending, one after the other, while the others serve; stops at the first failure",
    )
    .argument("[site]", "only the nodes of this site")
    .option("--node <node>", "only this node of the site")
    .option("--agents", "replace all of them, so that each gets the newest agents")
    .option(...parallel)
    .option(...autoApprove)
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere roll ams3 --auto-approve",
        "Run again, it goes on where it has stopped. Exit codes: 0 all are replaced, or none is pending; 2 a server on " +
          "premises is to be joined first; 1 it couldn't be done.",
      ),
    )
    .action((site: string | undefined, options: RollOptions) =>
      finish(import("./roll.ts").then(({ roll }) => roll(site, options))),
    );
  program
    .command("join")
    .description(
      "make a server on premises a node: prints the line to paste there, or runs it itself; one that is a node already is left alone",
    )
    .argument("[site]", "site of the node")
    .argument("[node]", "the node")
    .option(...ssh)
    .option(
      "--inventory <file>",
      "many of them at the same time, by SSH: a YAML file with a line such as berlin/rack-1: root@192.0.2.1 for each",
    )
    .option("--code-file <file>", "write the activation code to a new file that only you may read")
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere join berlin rack-1 --ssh root@192.0.2.1",
        "Exit codes: 0 it is a node, or the line is printed; 1 at least one couldn't be joined.",
      ),
    )
    .action((site: string | undefined, node: string | undefined, options: JoinOptions) =>
      finish(import("./join.ts").then(({ join }) => join(site, node, options))),
    );
  program
    .command("leave")
    .description(
      "the reverse on the server: drains the node, and takes both agents and their identity from its server",
    )
    .argument("<site>", "site of the node")
    .argument("<node>", "the node, which may have left the file")
    .option(...ssh)
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere leave berlin rack-1",
        "Exit codes: 0 it has left, or the line is printed; 1 it couldn't be done.",
      ),
    )
    .action((site: string, node: string, options: LeaveOptions) =>
      finish(import("./leave.ts").then(({ leave }) => leave(site, node, options))),
    );
  program
    .command("orphans")
    .description("find what carries the deployment's name in both clouds and is in no state")
    .option("--delete", "remove it: nodes are drained and deregistered before their machines go")
    .option("--auto-approve", "remove without asking")
    .option("--lost-state", "with --delete: all states are lost, so that all of the deployment goes")
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere orphans",
        "Exit codes: 0 nothing is orphaned, or all of it was removed; 2 something is; 1 it couldn't be done.",
      ),
    )
    .action((options: OrphansOptions) =>
      finish(import("./orphans.ts").then(({ orphans }) => orphans(options))),
    );
}

/** Agents reconnect several times an hour: less than five minutes says nothing. */
function patience(text: string): number {
  const minutes = period(text);
  if (minutes < 5) {
    throw new InvalidArgumentError("It must be five minutes at least.");
  }
  return minutes;
}
