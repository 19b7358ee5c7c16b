import { writeFileSync } from "node:fs";
import type { Config } from "../../../config/schema";
import { announceEnvironment } from "../../commands/deployment";
import { parseNodes, type NodeKey } from "../../nodes/node-key";
import { Refusal } from "../../refusals/refusal";
import type { ServerEnd } from "../../report/schemas/servers-report";
import { admissionsOf, type Admission } from "../../servers/activations";
import { readInventory } from "../../servers/inventory";
import { joinScript, lineToPaste } from "../../servers/script";
import { finishServers, onServer, sideBySide, type Target } from "../../servers/servers";
import { userPath } from "../../servers/user-path";
import type { JsonOptions } from "../options";

export interface JoinOptions extends JsonOptions {
  /** Address of the server, as an argument for `ssh`. */
  readonly ssh?: string;
  /** Inventory file of several servers. */
  readonly inventory?: string;
  /** File to write the activation code to. */
  readonly codeFile?: string;
}

/**
 * Makes servers on premises nodes, or prints the line that does so there. Leaves existing nodes alone.
 *
 * @throws {Refusal} when a server's needs can't be determined, or the code couldn't be shown to anyone.
 */
export async function join(
  site: string | undefined,
  node: string | undefined,
  options: JoinOptions,
): Promise<number> {
  const environment = announceEnvironment(process.env);
  const { config } = environment;
  const targets = targetsOf(site, node, options, config);
  refuseDroplets(targets, config);
  const admissions = await admissionsOf(
    environment,
    targets.map((target) => target.node),
  );
  const several = targets.length > 1;
  const ends = await sideBySide(targets, (target, index) =>
    admit(target, admissions[index], { config, options, several }),
  );
  return finishServers(config, targets, ends, options);
}

function targetsOf(
  site: string | undefined,
  node: string | undefined,
  { ssh, inventory, codeFile }: JoinOptions,
  config: Config,
): readonly Target[] {
  if (codeFile !== undefined && (ssh ?? inventory) !== undefined) {
    throw new Refusal(
      "--code-file has no effect with --ssh or --inventory, since the code is sent over SSH: leave it out.",
    );
  }
  if (inventory !== undefined) {
    if (site !== undefined || ssh !== undefined) {
      throw new Refusal("--inventory names the nodes and their servers: leave out site, node and --ssh.");
    }
    return readInventory(inventory, config);
  }
  if (site === undefined || node === undefined) {
    throw new Refusal(
      "Name a site and a node, as in: anywhere join berlin rack-1; or use --inventory for several.",
    );
  }
  return parseNodes([`${site}/${node}`], config).map((one) => ({ node: one, host: ssh }));
}

function refuseDroplets(targets: readonly { readonly node: NodeKey }[], { sites }: Config): void {
  const [droplet] = targets.filter(({ node }) => sites[node.site]?.kind !== "on-premises");
  if (droplet !== undefined) {
    const { site, node } = droplet.node;
    throw new Refusal(
      `${site}/${node} is a droplet, which joins automatically: "npm run deploy -- --replace ${site}/${node}" replaces it.`,
    );
  }
}

interface Admitting {
  readonly config: Config;
  readonly options: JoinOptions;
  /** Whether others join at the same time. */
  readonly several: boolean;
}

async function admit(
  { node, host }: Target,
  admission: Admission | undefined,
  { config, options, several }: Admitting,
): Promise<Omit<ServerEnd, "node" | "host">> {
  switch (admission?.kind) {
    case "joined":
      return { state: "was already", message: admission.message, line: null };
    case "activation": {
      const script = joinScript(config, node, admission.activation);
      if (host !== undefined) {
        return onServer(node, host, script, several);
      }
      handOver(node, admission.activation.code, options);
      const line = lineToPaste(script);
      return { state: "to be pasted", message: "it asks for the activation code", line };
    }
    case "problem":
    case undefined:
      return { state: "failed", message: admission?.message ?? "nothing is known about it", line: null };
  }
}

/** Shows the code only at the terminal, or writes it only to the named file. */
function handOver({ site, node }: NodeKey, code: string, { codeFile }: JoinOptions): void {
  if (codeFile !== undefined) {
    try {
      writeFileSync(userPath(codeFile), `${code}\n`, { mode: 0o600, flag: "wx" });
    } catch (error) {
      throw new Refusal(`--code-file ${codeFile} can't be created (${(error as Error).message}).`);
    }
    console.error(
      `The activation code is in ${codeFile}, which only you may read. Delete the file once the code is used.`,
    );
  } else if (process.stderr.isTTY) {
    console.error(
      `Activation code of ${site}/${node}. It works once; enter it when the line asks for it: ${code}`,
    );
  } else {
    throw new Refusal(
      "There is no terminal to show the activation code: add --code-file <file> for a file that only you may read, or " +
        "--ssh user@host.",
    );
  }
}
