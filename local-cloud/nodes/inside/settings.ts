/** The settings that a machine's supervisor gets at its start. Paths are as seen from inside. */
export interface Settings {
  readonly machine: string;
  readonly hostname: string;
  readonly publicIp: string;
  readonly sandbox: "namespaces" | "process";
  /** Put before every path of the machine's disk: empty in namespaces, where the disk is `/`. */
  readonly root: string;
  /** Unix socket of the clouds. */
  readonly cloudSocket: string;
  /** Folder for the Unix sockets that are reached from outside: `control.sock` and one for each host port. */
  readonly socketDirectory: string;
  readonly imagesDirectory: string;
  /** Folder that holds `node`, for containers. */
  readonly programDirectory: string;
  /** A Python 3. */
  readonly python: string;
}

/** One line on the machine's console. */
export function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}

/** Text of whatever was thrown. */
export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
