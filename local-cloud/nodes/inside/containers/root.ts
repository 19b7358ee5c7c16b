import { execFile } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { chmod, cp, mkdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Copy } from "../images/dockerfile";
import type { PulledImage } from "../images/image";

/** Where the root directories of containers are, as Docker keeps them. */
export const containersFolder = "/var/lib/docker/containers";

/** Users of the images that people build on. */
const users: Readonly<Record<string, number>> = {
  root: 0,
  daemon: 1,
  "www-data": 33,
  haproxy: 99,
  nginx: 101,
  node: 1000,
  nobody: 65534,
};

const passwd = Object.entries(users).map(
  ([name, id]) => `${name}:x:${id}:${id}:${name}:${homeOf(name)}:/bin/sh\n`,
);
const group = Object.entries(users).map(([name, id]) => `${name}:x:${id}:\n`);

function homeOf(name: string): string {
  return { root: "/root", node: "/home/node", haproxy: "/var/lib/haproxy" }[name] ?? "/";
}

/** A part of the machine that a container sees, always the same and never changed. */
export interface Bind {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** Programs and libraries, and the parts of /etc that they need. A container has its own /usr/local. */
export function systemBinds(programDirectory: string): readonly Bind[] {
  const usr = readdirSync("/usr").filter((name) => name !== "local" && name !== "libexec");
  const etc = "alternatives ld.so.cache ld.so.conf ld.so.conf.d nsswitch.conf os-release protocols services";
  return [
    ...usr.map((name) => join("/usr", name)),
    ...topFolders().filter((path) => lstatSync(path).isDirectory()),
    ...etc
      .split(" ")
      .map((name) => join("/etc", name))
      .filter((path) => existsSync(path)),
  ]
    .map((path) => ({ source: path, target: path, readOnly: true }))
    .concat({ source: join(programDirectory, "node"), target: "/usr/local/bin/node", readOnly: true });
}

function topFolders(): readonly string[] {
  return ["/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"].filter((path) => existsSync(path));
}

/**
 * Makes the root directory of a container: the folders of every image, and the files that this one's Dockerfile copies.
 */
export async function makeRoot(
  root: string,
  { image, folder }: PulledImage,
  workingDirectory: string,
  hosts: string,
): Promise<void> {
  await rm(root, { recursive: true, force: true });
  const folders =
    "etc home/node root run srv sys tmp usr/local/bin var/cache var/lib/haproxy var/log var/tmp";
  for (const each of folders.split(" ")) {
    await mkdir(join(root, each), { recursive: true });
  }
  await Promise.all(["tmp", "var/tmp"].map((each) => chmod(join(root, each), 0o1777)));
  await chmod(join(root, "root"), 0o700);
  for (const path of topFolders().filter((each) => lstatSync(each).isSymbolicLink())) {
    await symlink(readlinkSync(path), join(root, path));
  }
  await symlink("/run", join(root, "var/run"));
  await writeFile(join(root, "etc/passwd"), passwd.join(""));
  await writeFile(join(root, "etc/group"), group.join(""));
  await own(join(root, "home/node"), "node");
  await own(join(root, "var/lib/haproxy"), "haproxy");
  await mkdir(join(root, workingDirectory), { recursive: true });
  for (const each of image.copies) {
    await copy(root, folder ?? "", each);
  }
  await writeFile(join(root, "etc/hosts"), hosts);
}

/** A folder's content, or files, as COPY does it. */
async function copy(root: string, context: string, { sources, target, owner, mode }: Copy): Promise<void> {
  for (const source of sources.flatMap((each) => matching(context, each))) {
    const from = join(context, source);
    const whole = (await stat(from)).isDirectory() || !target.endsWith("/");
    const to = join(root, whole ? target : join(target, basename(source)));
    await mkdir(dirname(to), { recursive: true });
    await cp(from, to, { recursive: true, verbatimSymlinks: true });
    if (owner !== undefined) {
      await own(to, owner);
    }
    if (mode !== undefined) {
      await promisify(execFile)("chmod", ["-R", mode, to]);
    }
  }
}

/** Files of the context that a source names; `*` and `?` are wildcards only in its last part. */
function matching(context: string, source: string): readonly string[] {
  const name = basename(source);
  const parent = join(context, dirname(source));
  const pattern = new RegExp(
    `^${name
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
  );
  const found = !/[*?]/.test(name)
    ? existsSync(join(context, source))
      ? [source]
      : []
    : readdirSync(parent)
        .filter((each) => pattern.test(each))
        .map((each) => join(dirname(source), each));
  if (found.length === 0) {
    throw new Error(`CannotPullContainerError: its Dockerfile copies ${source}, which its folder lacks`);
  }
  return found;
}

/** @param owner `user[:group]` */
async function own(path: string, owner: string): Promise<void> {
  const ids = owner.split(":").map((name) => users[name] ?? name);
  const [user, one = user] = ids;
  // A machine that wasn't started by root has no other users.
  await promisify(execFile)("chown", ["-R", `${String(user)}:${String(one)}`, path]).catch(() => undefined);
}
