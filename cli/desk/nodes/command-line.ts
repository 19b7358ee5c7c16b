import { InvalidArgumentError, type Command } from "commander";
import { example, host, json, onlyWith, period, type Finish, type JsonOptions } from "../options";
import type { HealOptions } from "./heal";
import type { JoinOptions } from "./join";
import type { LeaveOptions } from "./leave";
import type { OrphansOptions } from "./orphans";
import type { RollOptions } from "./roll";

/** The options that commands changing a fleet share with all others. */
interface Shared {
  /** Ends the process with a command's exit code, and says how to continue after an interruption. */
  readonly finish: Finish;
  readonly parallel: readonly [string, string, (text: string) => number];
  readonly autoApprove: readonly [string, string];
}

const ssh = ["--ssh <user@host>", "run it there over SSH, as root or with passwordless sudo", host] as const;

/** Adds the commands that change which nodes a deployment has, and which of them serve. */
export function addNodeCommands(program: Command, { finish, parallel, autoApprove }: Shared): void {
  const node = ["<site/node>", "the node, such as ams3/node-1"] as const;
  program
    .command("drain")
    .description("take a node out of service, and wait until its tasks have stopped")
    .argument(...node)
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere drain ams3/node-1",
        "Exit codes: 0 the node runs no more tasks; 2 some tasks still run; 1 the command failed.",
      ),
    )
    .action((name: string, options: JsonOptions) =>
      finish(import("./drain.ts").then(({ drain }) => drain(name, options))),
    );
  program
    .command("undrain")
    .description("return a drained node to service")
    .argument(...node)
    .option(...json)
    .addHelpText("after", example("anywhere undrain ams3/node-1", "Exit codes: 0 on success, 1 on failure."))
    .action((name: string, options: JsonOptions) =>
      finish(import("./drain.ts").then(({ undrain }) => undrain(name, options))),
    );
  program
    .command("heal")
    .description(
      "deregister nodes whose agents have been disconnected for a while, so that their tasks start elsewhere",
    )
    .option("--after <time>", "how long, such as 2h (default: 15m)", patience)
    .option("--dry-run", "only list them")
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere heal --after 15m",
        "Run it every few minutes.\nExit codes: 0 no agent is lost; 2 the listed agents are; 1 the command failed.",
      ),
    )
    .action((options: HealOptions) => finish(import("./heal.ts").then(({ heal }) => heal(options))));
  program
    .command("roll")
    .description(
      "replace the nodes whose replacement is pending, one at a time, while the others serve; stop at the first failure",
    )
    .argument("[site]", "only the nodes of this site")
    .option("--node <node>", "only this node at the site")
    .option("--agents", "replace every node, so that each gets the newest agents")
    .option(...parallel)
    .option(...autoApprove)
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere roll ams3 --auto-approve",
        "Run it again to continue where it stopped.\nExit codes: 0 all are replaced, or none is pending; 2 a server on " +
          "premises has to join first; 1 the command failed.",
      ),
    )
    .action((site: string | undefined, options: RollOptions) =>
      finish(import("./roll.ts").then(({ roll }) => roll(site, options))),
    );
  program
    .command("join")
    .description(
      "make a server on premises a node: print a line to paste there, or run it over SSH; leave an existing node alone",
    )
    .argument("[site]", "site of the node")
    .argument("[node]", "the node")
    .option(...ssh)
    .option(
      "--inventory <file>",
      "join several servers at the same time over SSH: a YAML file with a line such as berlin/rack-1: root@192.0.2.1 for each",
    )
    .option("--code-file <file>", "write the activation code to a new file that only you may read")
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere join berlin rack-1 --ssh root@192.0.2.1",
        "Exit codes: 0 every server is a node, or the line was printed; 1 at least one couldn't join.",
      ),
    )
    .action((site: string | undefined, node: string | undefined, options: JoinOptions) =>
      finish(import("./join.ts").then(({ join }) => join(site, node, options))),
    );
  program
    .command("leave")
    .description("undo join: drain the node, and remove both agents and their identity from its server")
    .argument("<site>", "site of the node")
    .argument("<node>", "the node, even if it is no longer in the file")
    .option(...ssh)
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere leave berlin rack-1",
        "Exit codes: 0 the server is no longer a node, or the line was printed; 1 the command failed.",
      ),
    )
    .action((site: string, node: string, options: LeaveOptions) =>
      finish(import("./leave.ts").then(({ leave }) => leave(site, node, options))),
    );
  program
    .command("orphans")
    .description("find resources in both clouds that carry the deployment's name and are in no state")
    .option("--delete", "remove them: nodes are drained and deregistered before their machines are deleted")
    .option("--auto-approve", "with --delete: remove without asking")
    .option(
      "--lost-state",
      "with --delete: confirm that all states are lost, so that the whole deployment is removed",
    )
    .option(...json)
    .addHelpText(
      "after",
      example(
        "anywhere orphans",
        "Exit codes: 0 there are no orphans, or all were removed; 2 there are orphans; 1 the command failed.",
      ),
    )
    .hook("preAction", onlyWith("--lost-state", "--delete"))
    .hook("preAction", onlyWith("--auto-approve", "--delete"))
    .action((options: OrphansOptions) =>
      finish(import("./orphans.ts").then(({ orphans }) => orphans(options))),
    );
}

/** Agents reconnect several times an hour: less than five minutes means nothing. */
function patience(text: string): number {
  const minutes = period(text);
  if (minutes < 5) {
    throw new InvalidArgumentError("It must be at least five minutes.");
  }
  return minutes;
}
