import { readFileSync } from "node:fs";
import { parse, stringify, YAMLParseError } from "yaml";
import { z } from "zod";
import { textOfIssue } from "../../config/issue-text";
import type { Config } from "../../config/schema";
import { keyOf, parseNodes, type NodeKey } from "../nodes/node-key";
import { isHost } from "./host";
import { Refusal } from "../refusals/refusal";
import { userPath } from "./user-path";

/** A node, and its server's address for `ssh`. */
export interface Server {
  readonly node: NodeKey;
  readonly host: string;
}

const hosts = z.record(z.string(), z.string().refine(isHost, "must be a host such as root@192.0.2.1"));

/**
 * Reads a file of servers: a line `site/node: user@host` for each.
 *
 * @throws {Refusal} when it can't be read, names an unknown node, or gives two nodes the same server.
 */
export function readInventory(file: string, config: Config): Server[] {
  const parsed = hosts.safeParse(load(file), { error: textOfIssue });
  if (!parsed.success) {
    const lines = parsed.error.issues.map(
      ({ path, message }) => `${file}: ${path.join(".") || "its content"} ${message}`,
    );
    throw new Refusal(
      `${lines.join("\n")}\nWrite a line for each server, such as berlin/rack-1: root@192.0.2.1`,
    );
  }
  const entries = Object.entries(parsed.data);
  const [twice] = entries.filter(
    ([, host], index) => entries.findIndex(([, other]) => other === host) < index,
  );
  if (twice !== undefined) {
    const [node, host] = twice;
    throw new Refusal(
      `${file}: ${node} has the server of another node, ${host}: a server can be only one node`,
    );
  }
  const nodes = parseNodes(Object.keys(parsed.data), config);
  return nodes.map((node) => ({ node, host: parsed.data[keyOf(node)] ?? "" }));
}

function load(file: string): unknown {
  try {
    return parse(readFileSync(userPath(file), "utf8"));
  } catch (error) {
    const { message } = error as Error;
    throw new Refusal(
      `${file}: can't be read${error instanceof YAMLParseError ? " as YAML" : ""} (${message.split("\n")[0] ?? ""})`,
    );
  }
}

/** These servers in the form of such a file. */
export function inventoryOf(servers: readonly Server[]): string {
  return stringify(Object.fromEntries(servers.map(({ node, host }) => [keyOf(node), host])));
}
