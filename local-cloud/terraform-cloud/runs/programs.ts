import { execFileSync } from "node:child_process";
import { existsSync, realpathSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { mayRun, type User } from "./user";

/**
 * Programs that HCP Terraform's workers have, as every Linux does. The AWS CLI, Docker, sudo and package managers
 * aren't among them.
 */
const programs = [
  "awk base64 basename bash cat chmod cmp comm cp curl cut date dd diff dirname echo env expr false find flock getconf",
  "git grep gunzip gzip head hostname id install join kill ln ls md5sum mkdir mkfifo mktemp mv nproc od openssl paste",
  "printf ps pwd readlink realpath rm rmdir sed seq setsid sh sha256sum sleep sort split stat stty tail tar tee test",
  "timeout touch tr true tsort tty uname uniq wc xargs",
].flatMap((line) => line.split(" "));

let python: string | undefined;

/** Links the programs of a worker into an otherwise empty folder, which is all of its PATH. */
export function placePrograms(bin: string, user: User | undefined): void {
  for (const name of programs) {
    const found = find(name);
    if (found !== undefined) {
      symlinkSync(found, join(bin, name));
    }
  }
  // The python3 in PATH may be a script that looks for the real one in a home that isn't its caller's.
  python ??= [
    execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim(),
    "/usr/bin/python3",
  ].find((path) => mayRun(user, path, ["-c", ""]));
  if (python !== undefined) {
    symlinkSync(realpathSync(python), join(bin, "python3"));
  }
}

function find(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}
