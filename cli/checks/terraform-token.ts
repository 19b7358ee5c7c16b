import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { domainToASCII } from "node:url";
import { userPath } from "../servers/user-path";

/** Where Terraform finds the token of a host: the token itself, a credentials helper, or nowhere. */
export type TokenPlace = { readonly token: string } | "helper" | undefined;

/**
 * Looks for a host's token in the places where Terraform does.
 * Source: Terraform, "CLI Configuration File (.terraformrc or terraform.rc)", Credentials.
 */
export function findToken(host: string, variables: NodeJS.ProcessEnv): TokenPlace {
  const token = tokenOfVariable(host, variables) ?? tokenOfFiles(host, variables);
  if (token !== undefined) {
    return { token };
  }
  return configFiles(variables).some((file) => /credentials_helper/.test(read(file))) ? "helper" : undefined;
}

/** Name of the variable that may hold a host's token. */
export function tokenVariable(host: string): string {
  return `TF_TOKEN_${host.replaceAll("-", "__").replaceAll(".", "_")}`;
}

function tokenOfVariable(host: string, variables: NodeJS.ProcessEnv): string | undefined {
  const prefix = "TF_TOKEN_";
  return Object.entries(variables).find(
    ([name]) =>
      name.startsWith(prefix) &&
      comparable(name.slice(prefix.length).replaceAll("__", "-").replaceAll("_", ".")) === comparable(host),
  )?.[1];
}

function tokenOfFiles(host: string, variables: NodeJS.ProcessEnv): string | undefined {
  return configFiles(variables)
    .map((file) => (file.endsWith(".json") ? fromJson(read(file), host) : fromHcl(read(file), host)))
    .find((token) => token !== undefined);
}

function fromJson(text: string, host: string): string | undefined {
  try {
    const { credentials = {} } = JSON.parse(text) as {
      readonly credentials?: Readonly<Record<string, { readonly token?: string }>>;
    };
    return Object.entries(credentials).find(([name]) => comparable(name) === comparable(host))?.[1].token;
  } catch {
    // Terraform reports problems with its own file.
    return undefined;
  }
}

function fromHcl(text: string, host: string): string | undefined {
  const blocks = text.matchAll(/^\s*credentials\s+"([^"]+)"\s*\{[^}]*?\btoken\s*=\s*"([^"]+)"/gm);
  return [...blocks].find(([, name = ""]) => comparable(name) === comparable(host))?.[2];
}

/** The files that Terraform reads; one set explicitly replaces all others. */
function configFiles(variables: NodeJS.ProcessEnv): string[] {
  const chosen = variables["TF_CLI_CONFIG_FILE"] ?? "";
  const home = variables["HOME"] ?? "";
  const folder = join(home, ".terraform.d");
  const files =
    chosen === ""
      ? [
          join(home, ".terraformrc"),
          join(home, ".tofurc"),
          ...(existsSync(folder) ? readdirSync(folder) : [])
            .filter((name) => /\.tfrc(\.json)?$/.test(name))
            .map((name) => join(folder, name)),
        ]
      : [userPath(chosen)];
  return files.filter((file) => existsSync(file));
}

function read(file: string): string {
  return readFileSync(file, "utf8");
}

/** A host in the form for comparing two spellings; the port is part of it. */
function comparable(host: string): string {
  const [, name = "", port = ""] = /^(.*?)(:\d+)?$/.exec(host) ?? [];
  return `${domainToASCII(name)}${port === ":443" ? "" : port}`;
}
