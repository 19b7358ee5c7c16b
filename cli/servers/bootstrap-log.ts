import { show } from "../terraform/child-process";
import { quoted } from "./script";

/** Where bootstrap.sh writes. */
export const bootstrapLog = "/var/log/anywhere-bootstrap.log";

/**
 * Shows a machine's bootstrap log through the user's own `ssh`, as root or with passwordless sudo.
 *
 * @param follow whether to keep following new lines
 * @returns the exit code of `ssh`
 */
export function showBootstrapLog(host: string, follow: boolean): Promise<number> {
  const tail = `tail -n +1 ${follow ? "-F " : ""}${bootstrapLog}`;
  const asRoot = `$([ "$(id -u)" = 0 ]||echo sudo -n) ${tail}`;
  return show(
    { command: "ssh", args: ["-T", host, `sh -c ${quoted(asRoot)}`], variables: process.env },
    (line) => line,
  );
}
