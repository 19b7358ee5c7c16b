import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What running a container of an image needs from its Dockerfile. */
export interface Image {
  readonly folder: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The folder that stands for an image: `:` and `@` of its reference become `/`. */
export function imageFolder(imagesDirectory: string, reference: string): string {
  const segments = reference.split(/[/:@]/);
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
    throw new Error(`invalid reference format: ${JSON.stringify(reference)}`);
  }
  return join(imagesDirectory, ...segments);
}

/** Reads the Dockerfile of an image's folder. Fails when there is none or it can't be followed. */
export async function readImage(folder: string): Promise<Image> {
  return { folder, ...parseDockerfile(await readFile(join(folder, "Dockerfile"), "utf8")) };
}

/**
 * ENTRYPOINT, CMD and ENV of a Dockerfile's last stage.
 * Source: Dockerfile reference, "Understand how CMD and ENTRYPOINT interact".
 */
export function parseDockerfile(text: string): Omit<Image, "folder"> {
  let entrypoint: readonly string[] = [];
  let command: readonly string[] = [];
  let environment: Record<string, string> = {};
  let shellEntrypoint = false;
  for (const { name, rest } of instructions(text)) {
    if (name === "FROM") {
      [entrypoint, command, environment, shellEntrypoint] = [[], [], {}, false];
    } else if (name === "ENTRYPOINT") {
      entrypoint = words(rest);
      shellEntrypoint = !rest.startsWith("[");
    } else if (name === "CMD") {
      command = words(rest);
    } else if (name === "ENV") {
      Object.assign(environment, variables(rest));
    }
  }
  return { entrypoint, command: shellEntrypoint ? [] : command, environment };
}

function instructions(text: string): { name: string; rest: string }[] {
  return text
    .split("\n")
    .filter((line) => !/^\s*#/.test(line))
    .join("\n")
    .replaceAll(/\\[ \t]*\n/g, " ")
    .split("\n")
    .map((line) => /^\s*([A-Za-z]+)\s+(.*?)\s*$/.exec(line))
    .flatMap((match) =>
      match === null ? [] : [{ name: (match[1] ?? "").toUpperCase(), rest: match[2] ?? "" }],
    );
}

/** The exec form is a JSON array; anything else is a line for the shell. */
function words(rest: string): readonly string[] {
  if (!rest.startsWith("[")) {
    return ["/bin/sh", "-c", rest];
  }
  const value: unknown = JSON.parse(rest);
  if (!Array.isArray(value) || !value.every((word) => typeof word === "string")) {
    throw new Error(`Dockerfile: not a list of texts: ${rest}`);
  }
  return value;
}

/** All but PATH, which has a meaning of its own here. */
function variables(rest: string): Record<string, string> {
  const [, name = "", text = ""] = /^([A-Za-z_]\w*)\s+(.+)$/.exec(rest) ?? [];
  const pairs: (readonly [string, string])[] =
    name === ""
      ? Array.from(
          rest.matchAll(/([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:\\.|[^\s\\])*)/g),
          ([, variable = "", value = ""]) => [variable, unquoted(value)],
        )
      : [[name, text]];
  const kept = pairs.filter(([variable]) => variable !== "PATH");
  const computed = kept.find(([, value]) => value.includes("$"));
  if (computed !== undefined) {
    throw new Error(`Dockerfile: a variable inside ENV is not modelled: ${computed.join("=")}`);
  }
  return Object.fromEntries(kept);
}

function unquoted(value: string): string {
  if (value.startsWith("'")) {
    return value.slice(1, -1);
  }
  return (value.startsWith('"') ? value.slice(1, -1) : value).replaceAll(/\\(.)/g, "$1");
}
