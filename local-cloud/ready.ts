import { join } from "node:path";
import { shellQuoted, type Environment } from "./environment";
import type { Terraform } from "./terraform/setup";

/** What a process that started a local cloud is told once it is ready. */
export interface Ready {
  /** Variables that turn a command to it. */
  readonly environment: Environment;
  /** Base URL of the admin endpoint. */
  readonly adminEndpoint: string;
  /** Where Terraform will find its providers. */
  readonly providers: Terraform["providers"];
  readonly sandbox: "namespaces" | "process";
  /** Why it isn't `namespaces`. */
  readonly sandboxReason: string | undefined;
}

/** What a local cloud is made of and how to use it, for people. */
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
    `ready: \`. ${shellQuoted(join(directory, "env"))}\` turns another shell to it; Ctrl-C ends everything`,
  ].join("\n");
}
