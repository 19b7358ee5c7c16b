import { randomUUID } from "node:crypto";
import { cpSync, existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineSpec } from "../machines";

/** Programs that the recorder replaces. */
const recorded = ["apt", "apt-get", "dpkg", "systemctl", "systemd-run", "iptables", "ip6tables", "df"];
/** Programs of this computer that a fresh machine doesn't have. */
const absent = ["docker", "snap", "amazon-ssm-agent"];

/** The parts of this computer's /etc that a machine gets: programs need them to run, and none is secret. */
const shared = "ld.so.cache ld.so.conf ld.so.conf.d nsswitch.conf protocols services".split(" ");

/** Where links in /usr/bin lead that have several programs to choose from. Only Debian and its like have it. */
const alternatives = "/etc/alternatives";

const osRelease = `PRETTY_NAME="Ubuntu 24.04 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
`;

/** Downloads go to the origin's Unix socket, which is trusted by its own certificate. */
const curlrc = `unix-socket = "/run/anywhere/origin.sock"
cacert = "/run/anywhere/origin-certificate.pem"
`;

/** Path of a machine's user-data, as cloud-init would keep it. */
const userData = "var/lib/cloud/instance/scripts/part-001";

const folders = [
  "boot dev etc/systemd/system etc/apt home media mnt opt proc root run srv sys/fs/cgroup sys/class/dmi/id tmp usr/libexec",
  "usr/local/bin usr/local/sbin var/cache var/lib/apt/lists var/lib/cloud/instance/scripts var/lib/dpkg var/log var/tmp",
].flatMap((line) => line.split(" "));

/** Makes the disk of a new machine: an Ubuntu 24.04 that lacks /usr, which comes from this computer. */
export async function makeDisk(disk: string, spec: MachineSpec): Promise<void> {
  await rm(disk, { recursive: true, force: true });
  await Promise.all(folders.map((folder) => mkdir(join(disk, folder), { recursive: true })));
  for (const name of shared.filter((each) => existsSync(join("/etc", each)))) {
    cpSync(join("/etc", name), join(disk, "etc", name), { recursive: true, verbatimSymlinks: true });
  }
  const files = {
    "etc/os-release": osRelease,
    "etc/hostname": `${spec.hostname}\n`,
    "etc/machine-id": `${randomUUID().replaceAll("-", "")}\n`,
    "sys/class/dmi/id/product_uuid": `${randomUUID()}\n`,
    "etc/hosts": `127.0.0.1 localhost\n127.0.1.1 ${spec.hostname}\n::1 localhost\n`,
    "etc/passwd":
      "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "root/.curlrc": curlrc,
    "sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids\n",
    [userData]: spec.userData,
  };
  for (const [path, text] of Object.entries(files)) {
    await writeFile(join(disk, path), text);
  }
  await chmod(join(disk, "root"), 0o700);
  await chmod(join(disk, userData), 0o700);
  for (const program of recorded) {
    await symlink("/run/anywhere/recorder", join(disk, "usr/local/sbin", program));
  }
  for (const [link, target] of systemLinks()) {
    await symlink(target, join(disk, link));
  }
}

/** A part of this computer that a machine sees. */
export interface Bind {
  readonly mode: "ro" | "rw";
  readonly source: string;
  readonly target: string;
}

/** The system of this computer, read-only, with the recorder over the programs that it replaces. */
export function systemBinds(recorder: string): readonly Bind[] {
  const over = (names: readonly string[], source: string): Bind[] =>
    names
      .flatMap((name) => [join("/usr/bin", name), join("/usr/sbin", name)])
      .filter((path) => existsSync(path) && lstatSync(path).isFile())
      .map((target) => ({ mode: "rw", source, target }));
  return [
    ...systemFolders()
      .filter((path) => lstatSync(path).isDirectory())
      .map((path): Bind => ({ mode: "ro", source: path, target: path })),
    ...over(recorded, recorder),
    ...over(absent, "/dev/null"),
    // Shown, not copied: it is some hundred links, and was most of the files of a machine.
    ...[alternatives].filter(existsSync).map((path): Bind => ({ mode: "ro", source: path, target: path })),
  ];
}

/** Folders with programs and libraries. A machine has its own /usr/local and /usr/libexec. */
function systemFolders(): readonly string[] {
  const usr = readdirSync("/usr").filter((name) => name !== "local" && name !== "libexec");
  const top = ["/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"].filter((path) => existsSync(path));
  return [...usr.map((name) => join("/usr", name)), ...top];
}

function systemLinks(): readonly (readonly [string, string])[] {
  return systemFolders()
    .filter((path) => lstatSync(path).isSymbolicLink())
    .map((path) => [path, readlinkSync(path)]);
}
