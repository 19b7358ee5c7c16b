import { spawnSync } from "node:child_process";
import { chmodSync, lchownSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** A user of this computer. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** The user who owns nothing. */
const nobody: User = { uid: 65534, gid: 65534 };

/**
 * The user of runs: HCP Terraform's workers are ordinary users, who can't change the system or become root. If root has
 * started the local cloud, runs are `nobody`'s, as long as that user can read these paths, which isn't so if the
 * checkout is in root's home. Otherwise undefined: they run as the user who has started it.
 * @param folder folder of the runs' files, which the user may enter from now on
 */
export function ordinaryUser(folder: string, paths: readonly string[]): User | undefined {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  chmodSync(folder, 0o711);
  const script = 'for path; do test -r "${path}" || exit 1; done';
  return mayRun(nobody, "/bin/sh", ["-c", script, "sh", ...paths]) ? nobody : undefined;
}

/** Whether a program succeeds for a user. */
export function mayRun(user: User | undefined, program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { ...user, cwd: "/", stdio: "ignore" }).status === 0;
}

/** Gives a user a folder with all its contents. */
export function handOver(folder: string, { uid, gid }: User): void {
  [".", ...readdirSync(folder, { recursive: true, encoding: "utf8" })].forEach((name) =>
    lchownSync(join(folder, name), uid, gid),
  );
}
