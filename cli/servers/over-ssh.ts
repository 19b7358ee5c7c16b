import { show } from "../terraform/child-process";
import type { ServerScript } from "./script";
import { remoteRun } from "./script";

/** How a script ended on a server. */
export interface Outcome {
  readonly done: boolean;
  /** The script's final message, or why there is none. */
  readonly message: string;
}

/** Ends a connection within two minutes of the server's last sign of life, whatever the script is waiting for. */
const patience = ["ConnectTimeout=30", "ServerAliveInterval=15", "ServerAliveCountMax=8"];

/** A script's last line, which reports how it ended. */
const status = /^anywhere: ((READY|LEFT|FAILED) .*)$/;

/**
 * Runs a script on a server as root through the user's own `ssh`, and shows what it prints.
 *
 * @param several whether others run at the same time: then `ssh` asks for nothing.
 */
export async function runOverSsh(
  host: string,
  script: ServerScript,
  { label, several }: { readonly label: string; readonly several: boolean },
): Promise<Outcome> {
  const { command, input } = remoteRun(script);
  const options = [...patience, ...(several ? ["BatchMode=yes"] : [])];
  let last = "";
  let said = "";
  const exitCode = await show(
    {
      command: "ssh",
      args: [...options.flatMap((option) => ["-o", option]), "-T", host, command],
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
  return { done, message: last || `ssh ended with code ${exitCode}: ${said || "it printed nothing"}` };
}
