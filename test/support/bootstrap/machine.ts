import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startScript, type Ended } from "../scripts/run";
import type { Signed } from "./signing";

const scripts = join(__dirname, "../../../constructs/node");
const readScript = (name: string) => readFileSync(join(scripts, `${name}.sh`), "utf8");
/** The parts beside bootstrap.sh, or before it in one file. */
export const bootstrapParts = ["identity", "machine-checks", "proxies"];
/** The script that makes a machine a node, after its parts: all that user-data runs. */
export const bootstrapScript = [...bootstrapParts, "bootstrap"].map(readScript).join("\n");
const recorded = [
  ...["apt-get", "curl", "df", "docker", "dpkg", "getent", "iptables", "sleep", "systemctl", "systemd-run"],
  ...["systemd-machine-id-setup", "uname"],
];
/** The properties that distinguish the machine from one that its disk was copied to. */
export const hardware = "a7f0c2d8-0000-4000-8000-000000000001\n";
export const machineId = "0123456789abcdef0123456789abcdef\n";
export const activationId = "0a1b2c3d-0000-4000-8000-000000000001";
export const code = "Secret/Code+20chars=";

/** An installer as AWS's behaves: registers once, and returns early where its package is installed. */
export const installer = `#!/bin/bash
set -e
printf '%s\\n' "$@" >"$MACHINE/installer-arguments"
cp "$MACHINE/etc/ecs/ecs.config" "$MACHINE/config-at-installation"
env >"$MACHINE/installer-environment"
ls -A "$MACHINE/var/lib/amazon/ssm/Vault" "$MACHINE/var/lib/ecs/data" 2>/dev/null | grep -v : >"$MACHINE/installer-found" || true
tr '\\0' ' ' </proc/$$/cmdline >"$MACHINE/installer-command-line"
echo "registering with $ACTIVATION_CODE"
[ ! -e "$MACHINE/installer-fails" ] || exit 7
mkdir -p "$MACHINE/var/lib/amazon/ssm/Vault/Store"
echo '{}' >"$MACHINE/var/lib/amazon/ssm/Vault/Store/RegistrationKey"
if [ -x "$MACHINE/usr/libexec/amazon-ecs-init" ]; then exit 0; fi
touch "$MACHINE/usr/libexec/amazon-ecs-init"
chmod +x "$MACHINE/usr/libexec/amazon-ecs-init"
echo "ECS_CLUSTER=shop" >>"$MACHINE/etc/ecs/ecs.config"
`;

/** A folder in the place of a machine's root, in which the real bootstrap.sh runs with recorders on its PATH. */
export class Machine {
  readonly root = mkdtempSync(join(tmpdir(), "machine-"));

  constructor(signed: Signed, system: { id: string; version: string; architecture?: string }) {
    const { id, version, architecture = "x86_64" } = system;
    for (const folder of [
      "bin",
      "etc/systemd/system",
      "var/lib",
      "var/log",
      "usr/libexec",
      "origin",
      "fail",
      "tmp",
    ]) {
      mkdirSync(join(this.root, folder), { recursive: true });
    }
    for (const program of recorded) {
      symlinkSync(join(__dirname, "bin/recorder"), join(this.root, "bin", program));
    }
    this.write("etc/os-release", `NAME="A name"\nID=${id}\nVERSION_ID="${version}"\n`);
    this.write("architecture", architecture);
    this.write("free", "Avail\n 2097152\n");
    this.write("proc/meminfo", "MemTotal: 1000000 kB\nMemFree: 1 kB\nMemAvailable: 524288 kB\n");
    this.write(
      "proc/net/route",
      "Iface Destination Gateway Flags\neth0 00000000 0100A8C0 3 0 0 0 00000000\n",
    );
    this.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
    this.write("sys/class/dmi/id/product_uuid", hardware);
    this.write("etc/machine-id", machineId);
    this.publish(installer, signed);
  }

  /** The answers of the installer's addresses from now on. */
  publish(script: string, { signature, publicKey }: Pick<Signed, "signature" | "publicKey">): void {
    this.write("origin/ecs-anywhere-install-latest.sh", script);
    this.write("origin/ecs-anywhere-install-latest.sh.asc", signature);
    this.write("origin/amazon-ecs-agent.gpg", publicKey);
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  exists(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  read(path: string): string {
    return this.exists(path) ? readFileSync(join(this.root, path), "utf8") : "";
  }

  makeExecutable(path: string): void {
    chmodSync(join(this.root, path), 0o755);
  }

  forget(...paths: readonly string[]): void {
    paths.forEach((path) => {
      rmSync(join(this.root, path));
    });
  }

  /** Takes curl away until packages are installed; returns the PATH on which it is missing. */
  withoutCurl(): string {
    mkdirSync(join(this.root, "later"));
    renameSync(join(this.root, "bin/curl"), join(this.root, "later/curl"));
    return this.without("curl");
  }

  /** A PATH on which a program of the system's is missing. */
  without(name: string): string {
    const rest = join(this.root, "rest");
    mkdirSync(rest);
    for (const program of readdirSync("/usr/bin").filter((other) => other !== name)) {
      symlinkSync(join("/usr/bin", program), join(rest, program));
    }
    return `${join(this.root, "bin")}:${rest}`;
  }

  list(folder: string): string[] {
    return readdirSync(join(this.root, folder));
  }

  mode(path: string): number {
    return statSync(join(this.root, path)).mode & 0o777;
  }

  /** The calls of the programs that would change a real machine, oldest first. */
  get journal(): string[] {
    return this.read("journal").split("\n").slice(0, -1);
  }

  /** Runs bootstrap.sh as user-data does, or another version of it. */
  async bootstrap(settings: Readonly<Record<string, string>>, version = bootstrapScript): Promise<Ended> {
    return this.run(settings, { bootstrap: version });
  }

  /** Runs bootstrap.sh with its parts beside it, as they lie in the project. */
  async bootstrapInPlace(settings: Readonly<Record<string, string>>): Promise<Ended> {
    const names = [...bootstrapParts, "bootstrap"];
    return this.run(settings, Object.fromEntries(names.map((name) => [name, readScript(name)])));
  }

  /** Runs the script named bootstrap of these, every absolute path moved below the machine's root. */
  private run(
    settings: Readonly<Record<string, string>>,
    texts: Readonly<Record<string, string>>,
  ): Promise<Ended> {
    for (const [name, text] of Object.entries(texts)) {
      const absolute = /(?<![\w./$}])\/(etc|var|usr\/libexec|sys|proc|root)\//g;
      this.write(`${name}.sh`, text.replace(absolute, `${this.root}$&`));
    }
    return startScript(join(this.root, "bootstrap.sh"), {
      PATH: `${join(this.root, "bin")}:${process.env["PATH"] ?? ""}`,
      MACHINE: this.root,
      TMPDIR: join(this.root, "tmp"),
      ...settings,
    }).ended;
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}

/** Attributes as awkward as JSON in a shell can be. */
export const attributes = '{"anywhere.node":"node-1","anywhere.site":"nyc3","disk":"a \'quoted\' $HOME"}';

/** The settings of a node whose installer this key has signed. */
export function bootstrapSettings(signingKey: string): Record<string, string> {
  return {
    NAME: "shop",
    SITE: "nyc3",
    NODE: "node-1",
    GENERATION: "5f2a",
    CLUSTER: "shop",
    AWS_REGION: "us-east-1",
    ACTIVATION_ID: activationId,
    ACTIVATION_CODE: code,
    SIGNING_KEY: signingKey,
    ATTRIBUTES: attributes,
  };
}

export function lastLine(text: string): string | undefined {
  return text.trimEnd().split("\n").at(-1);
}
