import { join } from "node:path";
import { shellQuoted, type Environment } from "./environment";
import type { Terraform } from "./terraform/setup";

/** The message to the process that started a local cloud once it is ready. */
export interface Ready {
  /** Variables that point a command at it. */
  readonly environment: Environment;
  /** Base URL of the admin endpoint. */
  readonly adminEndpoint: string;
  /** The sources of Terraform's providers. */
  readonly providers: Terraform["providers"];
  readonly sandbox: "namespaces" | "process";
  /** Why it isn't `namespaces`. */
  readonly sandboxReason: string | undefined;
}

/** Describes a local cloud and its use, for people. */
export function describe(
  { providers, sandbox, sandboxReason, adminEndpoint }: Ready,
  directory: string,
  terraformHostname: string,
): string {
  const used = Object.entries(providers).map(
    ([name, { source, version }]) => `${name} ${version} (${source})`,
  );
  return [
    `providers: ${used.join(", ")}`,
    `nodes: ${sandbox}${sandboxReason === undefined ? "" : `, since ${sandboxReason}`}`,
    `HCP Terraform: ${terraformHostname}, organisation local-cloud`,
    `admin endpoint: ${adminEndpoint}`,
    `ready: \`. ${shellQuoted(join(directory, "env"))}\` points another shell at it; Ctrl-C ends everything`,
  ].join("\n");
}
