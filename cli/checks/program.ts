import { capture, NotStarted, type Ended } from "../terraform/child-process";
import { checkSeconds, type Undertaking } from "./check";

/** Runs a program that reports on itself; `late` when it didn't finish in time and was killed. */
export async function ask(
  command: string,
  args: readonly string[],
  variables: NodeJS.ProcessEnv,
): Promise<Ended | NotStarted | "late"> {
  const begin = Date.now();
  try {
    const ended = await capture({ command, args, variables, seconds: checkSeconds });
    return Date.now() - begin < checkSeconds * 1000 ? ended : "late";
  } catch (error) {
    if (error instanceof NotStarted) {
      return error;
    }
    throw error;
  }
}

/** How a program reports its version, and which versions are supported. */
export interface Requirement {
  readonly command: string;
  readonly args: readonly string[];
  /** Finds the whole version, its major and its minor number in the program's output. */
  readonly pattern: RegExp;
  /** The oldest supported minor version of each major version; later major versions are all supported. */
  readonly oldest: Readonly<Record<number, number>>;
  /** The version to install when the program is missing or too old. */
  readonly wanted: string;
}

/** The version of a program; undefined when it doesn't report one. */
export async function versionOf(
  { command, args, pattern }: Pick<Requirement, "command" | "args" | "pattern">,
  variables: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const answer = await ask(command, args, variables);
  return answer === "late" || "code" in answer
    ? undefined
    : pattern.exec(`${answer.stdout}\n${answer.stderr}`)?.[1];
}

/** The problem with a program, as one line; nothing when its version is supported. */
export async function versionProblems(
  { command, args, pattern, oldest, wanted }: Requirement,
  { variables, notice }: Pick<Undertaking, "variables" | "notice">,
): Promise<string[]> {
  const answer = await ask(command, args, variables);
  if (answer === "late") {
    // The program exists; a busy machine is no reason to refuse it.
    notice(`The version of ${command} was not checked: no answer within ${checkSeconds} seconds.`);
    return [];
  }
  if ("code" in answer) {
    return [`${command} can't be run (${answer.code}): install ${wanted}`];
  }
  const { exitCode, stdout, stderr } = answer;
  const [, version, major, minor] = pattern.exec(`${stdout}\n${stderr}`) ?? [];
  if (version === undefined) {
    const said = stderr.trim().replaceAll(/\s+/g, " ");
    return [
      `"${[command, ...args].join(" ")}" doesn't print a version (exit code ${exitCode}) ${said}: install ${wanted}`,
    ];
  }
  const newest = Math.max(...Object.keys(oldest).map(Number));
  const enough = Number(minor) >= (oldest[Number(major)] ?? Infinity) || Number(major) > newest;
  return enough ? [] : [`${command} is version ${version}: install ${wanted}`];
}
