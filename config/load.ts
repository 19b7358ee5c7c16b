import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { inspect } from "node:util";
import type { z } from "zod";
import { textOfIssue } from "./issue-text";
import type { Problem } from "./problem";
import { problemsOf } from "./rules";
import { schemaOf, type Config } from "./schema";
import { rollbacks, rollbacksVariable, type Rollbacks } from "./rollbacks";
import { siteKinds, type SiteKinds } from "./sites";

/** A config and its source. */
export interface LoadedEnvironment {
  readonly name: string;
  /** Path of the file, relative to the working directory. */
  readonly file: string;
  readonly config: Config;
  /** Services that run an earlier image. */
  readonly rollbacks: Rollbacks;
}

const extension = /\.(json|ts)$/;
const ownFolder = join(__dirname, "environments");

/**
 * The environment that `ANYWHERE_ENV` names: a file of config/environments without its .ts or .json, `dev` when unset, or
 * the path of such a file elsewhere. Nothing else reads the process's environment at synth.
 *
 * @throws {ConfigError} with every problem at once: file, path in the config, value, remedy.
 */
export function loadEnvironment(
  variables: NodeJS.ProcessEnv,
  environments: string = ownFolder,
): LoadedEnvironment {
  const choice = variables["ANYWHERE_ENV"] ?? "dev";
  const path = extension.test(choice) ? resolve(choice) : join(environments, fileOf(choice, environments));
  const file = relative(process.cwd(), path);
  if (!isFile(path)) {
    throw new ConfigError([
      `${file}: is not a file: set ANYWHERE_ENV to one that exists; relative paths start from the project's root`,
    ]);
  }
  const written = path.endsWith(".json") ? readJson(path, file) : readModule(path, file);
  const config = parseConfig(written, file);
  return {
    name: nameOfFile(path),
    file,
    config,
    rollbacks: parseRollbacks(variables[rollbacksVariable], config),
  };
}

/** @throws {ConfigError} when a name isn't that of a service whose image is built here. */
function parseRollbacks(text: string | undefined, { services, images }: Config): Rollbacks {
  if (text === undefined || text === "") {
    return {};
  }
  const refuse = (problem: string) =>
    new ConfigError([`${rollbacksVariable} ${problem} (got ${shortened(text)})`]);
  let written: unknown;
  try {
    written = JSON.parse(text);
  } catch {
    throw refuse("must be JSON");
  }
  const parsed = rollbacks.safeParse(written, { error: textOfIssue });
  if (!parsed.success) {
    const [{ path, message } = { path: [], message: "" }] = parsed.error.issues.flatMap(problemsOfIssue);
    throw refuse(`${path.map(nameOf).join(".")} ${message}`);
  }
  const unknown = Object.keys(parsed.data).filter((service) => !((services[service]?.image ?? "") in images));
  if (unknown.length > 0) {
    throw refuse(`names ${unknown.join(", ")}, which isn't a service whose image is built here`);
  }
  return parsed.data;
}

/** Validates the contents of an environment file; `file` only names it in errors. */
export function parseConfig(input: unknown, file: string, kinds: SiteKinds = siteKinds): Config {
  refuseFormerForm(input, file);
  const parsed = schemaOf(kinds).safeParse(input, { error: textOfIssue });
  const problems = parsed.success
    ? [...problemsOf(parsed.data, kinds)]
    : parsed.error.issues.flatMap(problemsOfIssue);
  if (!parsed.success || problems.length > 0) {
    throw new ConfigError(problems.map((problem) => describe(file, { input, config: parsed.data }, problem)));
  }
  return parsed.data;
}

/** Every problem with a config, one line each. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ConfigError";
  }
}

/** Adds the file's name to problems with its config that only synthesis finds. @throws {ConfigError} */
export function inFile(file: string, synthesise: () => void): void {
  try {
    synthesise();
  } catch (error) {
    throw error instanceof ConfigError
      ? new ConfigError(error.problems.map((problem) => `${file}: ${problem}`))
      : error;
  }
}

/** Before 0.2.0 a deployment had a single application instead of services. */
function refuseFormerForm(input: unknown, file: string): void {
  if (isObject(input) && "application" in input) {
    throw new ConfigError([
      `${file}: application is no longer a setting: write images: { app: { build: "app" } } and services: { web: { image: "app", http: { port: 8080, handover: "app" } } }, with the sites' loadBalancer settings in services.web.http; see CHANGELOG.md`,
    ]);
  }
}

/** @throws {ConfigError} when the folder holds no such file, or two. */
function fileOf(choice: string, environments: string): string {
  const files = readdirSync(environments).filter((name) => extension.test(name));
  const [found, other] = files.filter((name) => nameOfFile(name) === choice);
  if (other !== undefined) {
    throw new ConfigError([
      `ANYWHERE_ENV is "${choice}", and config/environments has both ${found} and ${other}: rename one of them`,
    ]);
  }
  if (found === undefined) {
    const remedy = /^[\w-]+$/.test(choice)
      ? `add config/environments/${choice}.ts`
      : "give the path of a .ts or .json file";
    throw new ConfigError([
      `ANYWHERE_ENV is "${choice}", which is not an environment: choose one of ${files.map(nameOfFile).join(", ")}, or ${remedy}`,
    ]);
  }
  return found;
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

const nameOfFile = (path: string): string => basename(path).replace(extension, "");

function readModule(path: string, file: string): unknown {
  const written = load(path, file);
  if (!("default" in written)) {
    throw new ConfigError([
      `${file}: has no default export: write "export default { … } satisfies Environment;"`,
    ]);
  }
  return written.default;
}

/** Only the chosen file is loaded, and only here is it known which. */
function load(path: string, file: string): object {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    return require(path) as object;
  } catch (error) {
    const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    // Node.js appends the modules that required the file.
    const [reason = ""] = message.split("\n");
    // A syntax error gives its own place, which may be in a file that this one imports.
    const located = reason.startsWith(file) ? /^(:\d+:\d+): (.*)$/.exec(reason.slice(file.length)) : null;
    const [, place = placeInStack(stack, path), text = reason] = located ?? [];
    const remedy =
      text.includes('Could not resolve "') || text.startsWith("Cannot find module")
        ? "correct the import, or install its package"
        : "correct that";
    throw new ConfigError([`${file}${place}: can't be loaded (${text}): ${remedy}`]);
  }
}

/** Line and column, as in `:5:3`, where a file first appears in a stack trace, if it does. */
function placeInStack(stack: string, path: string): string {
  const [line = ""] = stack.split("\n").filter((text) => text.includes(`${path}:`));
  return /(:\d+:\d+)\)?$/.exec(line)?.[1] ?? "";
}

/** Without `$schema`, which only tells editors where the file's schema is. */
function readJson(path: string, file: string): unknown {
  // Some editors begin a file with a byte order mark, which isn't JSON.
  const text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  try {
    const written: unknown = JSON.parse(text);
    if (typeof written === "object" && written !== null) {
      Reflect.deleteProperty(written, "$schema");
    }
    return written;
  } catch (error) {
    const [reason = "", position] = (error as SyntaxError).message.split(" in JSON at position ");
    throw new ConfigError([
      `${file}${placeIn(text, position)}: isn't JSON (${reason.replace(/\s+/g, " ")}): correct it there, or just before`,
    ]);
  }
}

/** Line and column, as in `:5:3`, of a position in a text, if it is known. */
function placeIn(text: string, position: string | undefined): string {
  const before = text.slice(0, Number.parseInt(position ?? "0")).split("\n");
  return position === undefined ? "" : `:${before.length}:${(before.at(-1) ?? "").length + 1}`;
}

function problemsOfIssue(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === "unrecognized_keys") {
    const messages = issue.message.split("\n");
    return issue.keys.map((name, index) => ({
      path: [...issue.path, name],
      message: messages[index] ?? issue.message,
    }));
  }
  if (issue.code === "invalid_key") {
    return [{ path: issue.path, message: issue.message, value: issue.path.at(-1) }];
  }
  const meant = issue.code === "invalid_union" ? meantVariant(issue.errors) : undefined;
  return meant === undefined
    ? [{ path: issue.path, message: issue.message }]
    : meant.flatMap((inner) => problemsOfIssue({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** The only variant whose overall form fits: the problems inside it say more than that no variant fits. */
function meantVariant(variants: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const [meant, ...others] = variants.filter((issues) => issues.every(({ path }) => path.length > 0));
  return others.length === 0 ? meant : undefined;
}

/** @param config the input with the defaults of what it leaves out; undefined when it has invalid values */
function describe(
  file: string,
  { input, config }: { readonly input: unknown; readonly config: unknown },
  { path, message, value }: Problem,
): string {
  const written = value ?? valueAt(path, input);
  const used = written ?? valueAt(path, config);
  const got =
    used === undefined
      ? "it is missing"
      : `got ${isSecret(path) ? "a value that isn't shown" : shortened(shown(used))}${written === undefined ? ", the default" : ""}`;
  return `${file}: ${path.map(nameOf).join(".") || "the config"} ${message} (${got})`;
}

function valueAt(path: Problem["path"], input: unknown): unknown {
  return path.reduce<unknown>(
    (at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
    input,
  );
}

/** The beginning of a long text, to keep the line readable. */
function shortened(text: string): string {
  const longest = 300;
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** A name in a path, quoted where it would break the line or could be read as more than one name. */
function nameOf(name: PropertyKey): string {
  const text = String(name);
  return /^[\x21-\x7e]+$/.test(text) ? text : JSON.stringify(text);
}

/** The user may have written a secret where its ARN belongs, or under a name that isn't a setting. */
const isSecret = (path: Problem["path"]): boolean => path.some((name) => secretName.test(String(name)));
const secretName = /secrets?$|credential|password|token/i;

/** A value as JSON, or as `inspect` shows it if JSON can't express it, without secrets. */
function shown(value: unknown): string {
  const isNumber = typeof value === "number" || typeof value === "bigint";
  const text = isNumber || typeof value === "function" ? inspect(value) : asJson(value);
  // A URL may have a password.
  return text.replace(/\/\/[^/@\s"]+@/g, "//…@");
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value, (name, inner: unknown) =>
      secretName.test(name) ? "…" : typeof inner === "bigint" ? inspect(inner) : inner,
    );
  } catch {
    return inspect(value, { depth: 0, breakLength: Infinity });
  }
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}
