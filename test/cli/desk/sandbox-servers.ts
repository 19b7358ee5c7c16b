import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installer, Machine } from "../../support/bootstrap/machine";
import { signWithNewKey, type Signed } from "../../support/bootstrap/signing";

/**
 * Servers whose root is a folder. A script that reaches one through `gunzip` or `head`, as a join does, is changed there
 * so that every absolute path leads below that folder.
 */
export interface SandboxServers {
  readonly signed: Signed;
  /** A server that a stand-in for `ssh` reaches at this host. */
  add(host: string): Machine;
  /** The environment of a shell on a server. */
  variables(machine: Machine): Readonly<Record<string, string>>;
  /** The line of a stand-in for `ssh`: it notes its arguments in `RECORD.ssh`. */
  readonly ssh: string;
  remove(): void;
}

const absolute = String.raw`s#(?<![\w./\$}])/(etc|var|usr/libexec|sys|proc|root)/#$ENV{MACHINE}$&#g`;

export function sandboxServers(): SandboxServers {
  const signed = signWithNewKey(installer);
  const folder = mkdtempSync(join(tmpdir(), "servers-"));
  const machines: Machine[] = [];
  const variables = ({ root }: Machine) => ({
    PATH: `${join(root, "bin")}:${process.env["PATH"] ?? ""}`,
    MACHINE: root,
    TMPDIR: join(root, "tmp"),
  });
  return {
    signed,
    variables,
    add: (host) => {
      const machine = new Machine(signed, { id: "ubuntu", version: "24.04" });
      for (const program of ["gunzip", "head"]) {
        machine.write(`bin/${program}`, `#!/bin/sh\n/usr/bin/${program} "$@" | perl -pe '${absolute}'\n`);
        machine.makeExecutable(`bin/${program}`);
      }
      symlinkSync(machine.root, join(folder, host));
      machines.push(machine);
      return machine;
    },
    ssh: [
      'printf "%s\\n" "$*" >>"$RECORD.ssh"',
      "while [ $# -gt 2 ]; do case $1 in -o) shift 2 ;; *) shift ;; esac; done",
      `MACHINE=$(readlink -e "${folder}/$1") || { echo "no route to $1" >&2; exit 255; }`,
      "export MACHINE TMPDIR=$MACHINE/tmp PATH=$MACHINE/bin:$PATH",
      'exec sh -c "$2"',
    ].join("\n"),
    remove: () => {
      machines.forEach((machine) => {
        machine.remove();
      });
      rmSync(folder, { recursive: true });
    },
  };
}
