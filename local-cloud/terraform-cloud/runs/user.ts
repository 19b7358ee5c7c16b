import { spawnSync } from "node:child_process";
import { chmodSync, lchownSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** A user of this computer. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** To whom nothing belongs. */
const nobody: User = { uid: 65534, gid: 65534 };

/**
 * Who runs are: HCP Terraform's workers are ordinary users, who can change nothing of the system and can't become root.
 * Where root has started the local cloud, runs are `nobody`'s, as long as he can read these paths, which he can't where
 * the checkout lies in a folder of root's own. Everywhere else, undefined: they are of whoever has started it.
 * @param folder where runs find their files, which he may enter from now on
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

/** Gives a user a folder with all that is in it. */
export function handOver(folder: string, { uid, gid }: User): void {
  [".", ...readdirSync(folder, { recursive: true, encoding: "utf8" })].forEach((name) =>
    lchownSync(join(folder, name), uid, gid),
  );
}
