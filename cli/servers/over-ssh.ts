import { show } from "../terraform/child-process";
import type { ServerScript } from "./script";
import { remoteRun } from "./script";

/** How a script ended on a server. */
export interface Outcome {
  readonly done: boolean;
  /** The script's last word, or why it didn't get so far. */
  readonly message: string;
}

/** How a script says in its last line how it has ended. */
const status = /^anywhere: ((READY|LEFT|FAILED) .*)$/;

/**
 * Runs a script on a server as root by the user's own `ssh`, and shows what it prints.
 *
 * @param several whether others run at the same time: then nothing is asked for.
 */
export async function runOverSsh(
  host: string,
  script: ServerScript,
  { label, several }: { readonly label: string; readonly several: boolean },
): Promise<Outcome> {
  const { command, input } = remoteRun(script);
  let last = "";
  let said = "";
  const exitCode = await show(
    {
      command: "ssh",
      args: [...(several ? ["-o", "BatchMode=yes"] : []), "-T", host, command],
      variables: process.env,
      input,
    },
    (line) => {
      last = status.exec(line)?.[1] ?? last;
      said = line.trim() === "" ? said : line.trim();
      return `${label} | ${line}`;
    },
    process.stderr,
  );
  const done = exitCode === 0 && /^(READY|LEFT) /.test(last);
  return { done, message: last || `ssh ended with code ${exitCode}: ${said || "it has said nothing"}` };
}
