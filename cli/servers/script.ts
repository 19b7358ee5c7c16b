import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { namesOf } from "../../config/names";
import type { Config } from "../../config/schema";
import { resolveSites } from "../../config/sites/nodes";
import { keyOf, type NodeKey } from "../nodes/node-key";

const folder = join(__dirname, "../../constructs/node");
/** bootstrap.sh, preceded by its parts. */
const bootstrap = ["identity", "machine-checks", "proxies", "bootstrap"];
const read = (name: string) => readFileSync(join(folder, `${name}.sh`), "utf8");

/** A script for a server, with everything that it needs except a secret. */
export interface ServerScript {
  readonly text: string;
  /** Its standard input; undefined for none. */
  readonly secret: string | undefined;
}

/** An activation: a machine registers with it, once. */
export interface Activation {
  readonly id: string;
  readonly code: string;
}

/** Makes a server a node. It reads the code of the activation, and asks for it at a terminal. */
export function joinScript(config: Config, { site, node }: NodeKey, activation: Activation): ServerScript {
  const { generation = "", allAttributes = "" } = resolveSites(config).get(site)?.nodes.get(node) ?? {};
  const settings = {
    NAME: config.name,
    SITE: site,
    NODE: node,
    GENERATION: generation,
    CLUSTER: namesOf(config).cluster,
    AWS_REGION: config.aws.region,
    SIGNING_KEY: config.installer.signingKey,
    ATTRIBUTES: allAttributes,
    ACTIVATION_ID: activation.id,
  };
  const question = `Activation code of ${keyOf({ site, node })}: `;
  const lines = [
    ...assignments(settings),
    `[[ ! -t 0 ]] || printf %s ${quoted(question)}`,
    "IFS= read -rs ACTIVATION_CODE || true",
    "[[ ! -t 0 ]] || echo",
    ...bootstrap.map(read),
  ];
  return { text: lines.join("\n"), secret: activation.code };
}

/** Undoes on a server everything that made it this node. */
export function leaveScript({ name }: Config, { site, node }: NodeKey): ServerScript {
  const lines = [...assignments({ NAME: name, SITE: site, NODE: node }), read("leave")];
  return { text: lines.join("\n"), secret: undefined };
}

function assignments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).map(([name, value]) => `export ${name}=${quoted(value)}`);
}

/** Quotes a word for shells. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

// Names only: a proxy's password must not appear in a list of processes.
const proxies = "HTTPS_PROXY,HTTP_PROXY,NO_PROXY";

/** Puts what `write` prints into a file that only its user may read, and runs that as root. */
const runAsRoot = (write: string, sudo: string): string =>
  `f=$(mktemp)&&trap 'rm -f "$f"' EXIT&&${write} >"$f"&&` +
  `$([ "$(id -u)" = 0 ]||echo ${sudo} --preserve-env=${proxies}) bash "$f"`;

/**
 * A line that runs the script, for people to paste into any shell on the server. It contains the script but no secret:
 * neither the shell's history nor a list of processes ever shows one.
 */
export function lineToPaste({ text }: ServerScript): string {
  // Without the time, so that a script is always the same line.
  const packed = gzipSync(text, { level: 9 }).toString("base64");
  return `(${runAsRoot(`printf %s ${packed}|base64 -d|gunzip`, "sudo")})`;
}

/** The command for a server's shell over SSH, and its input: the script, followed by the secret. */
export function remoteRun({ text, secret }: ServerScript): {
  readonly command: string;
  readonly input: string;
} {
  const write = `head -c ${Buffer.byteLength(text)}`;
  // There is no terminal at which sudo could ask.
  const command = `sh -c ${quoted(runAsRoot(write, "sudo -n"))}`;
  return { command, input: secret === undefined ? text : `${text}${secret}\n` };
}
