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
  /** Where the server is, as `ssh` takes it. */
  readonly ssh?: string;
  /** File of many servers. */
  readonly inventory?: string;
  /** Where the activation code is written to. */
  readonly codeFile?: string;
}

/**
 * Makes servers on premises nodes, or prints the line that does so there. A server that is one already is left alone.
 *
 * @throws {Refusal} when it can't be told what a server needs, or nobody could be shown the code.
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
  { ssh, inventory }: JoinOptions,
  config: Config,
): readonly Target[] {
  if (inventory !== undefined) {
    if (site !== undefined || ssh !== undefined) {
      throw new Refusal("--inventory names the nodes and their servers: leave out site, node and --ssh.");
    }
    return readInventory(inventory, config);
  }
  if (site === undefined || node === undefined) {
    throw new Refusal(
      "Name a site and a node, as in: anywhere join berlin rack-1; or --inventory with many.",
    );
  }
  return parseNodes([`${site}/${node}`], config).map((one) => ({ node: one, host: ssh }));
}

function refuseDroplets(targets: readonly { readonly node: NodeKey }[], { sites }: Config): void {
  const [droplet] = targets.filter(({ node }) => sites[node.site]?.kind !== "on-premises");
  if (droplet !== undefined) {
    const { site, node } = droplet.node;
    throw new Refusal(
      `${site}/${node} is a droplet, which joins by itself: "npm run deploy -- --replace ${site}/${node}" makes it anew.`,
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
      return { state: "failed", message: admission?.message ?? "nothing is known of it", line: null };
  }
}

/** Shows the code to who sits at the terminal, and to no file or log but the one that was named. */
function handOver({ site, node }: NodeKey, code: string, { codeFile }: JoinOptions): void {
  if (codeFile !== undefined) {
    try {
      writeFileSync(userPath(codeFile), `${code}\n`, { mode: 0o600, flag: "wx" });
    } catch (error) {
      throw new Refusal(`--code-file ${codeFile} can't be made (${(error as Error).message}).`);
    }
    console.error(
      `The activation code is in ${codeFile}, which only you may read. Remove it when it is used.`,
    );
  } else if (process.stderr.isTTY) {
    console.error(
      `Activation code of ${site}/${node}, which the line asks for and which works once: ${code}`,
    );
  } else {
    throw new Refusal(
      "There is no terminal to show the activation code at: add --code-file <file> for a file that only you may read, or " +
        "--ssh user@host.",
    );
  }
}
