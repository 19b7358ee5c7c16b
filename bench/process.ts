import { resolve } from "node:path";
import { mustRun, type Command } from "../demo/command";

/** Seconds that one process may take. */
const seconds = 1800;

/** A process in this project's folder, with these variables in addition to the user's. */
export function command(
  program: string,
  args: readonly string[],
  variables: NodeJS.ProcessEnv = {},
  folder = resolve("."),
): Command {
  return { program, args, variables: { ...process.env, ...variables }, folder, log: undefined, seconds };
}

/** One of our commands as its user runs it. */
export function npmRun(
  script: string,
  args: readonly string[] = [],
  variables: NodeJS.ProcessEnv = {},
): Command {
  return command("npm", ["run", "--silent", script, "--", ...args], variables);
}

/** Seconds from the start to the end of something. */
export async function timed(act: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await act();
  return (performance.now() - begin) / 1000;
}

/** Seconds that a whole process takes. @throws Error with the end of its output when it fails */
export const secondsOf = (run: Command): Promise<number> => timed(() => mustRun(run));
