import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Outcome, succeeded } from "./iptables";

const programs = "/usr/local/sbin";
const installed = "/var/lib/dpkg/installed";

interface Content {
  readonly commands?: readonly string[];
  readonly file?: string;
  /** A service that runs as soon as its package is installed. */
  readonly service?: string;
}

/** A package's contents. Packages that aren't listed bring nothing: their contents are there already. */
const contents: Readonly<Record<string, Content>> = {
  "docker.io": { commands: ["docker"], service: "docker" },
  "amazon-ssm-agent": { commands: ["amazon-ssm-agent"], service: "amazon-ssm-agent" },
  "amazon-ecs-init": { file: "/usr/libexec/amazon-ecs-init" },
};

/** Runs systemctl for a package's own scripts. */
type Systemctl = (parameters: readonly string[]) => Promise<Outcome>;

/** `apt-get` and `apt`: installs by name or by file. */
export async function apt(systemctl: Systemctl, parameters: readonly string[]): Promise<Outcome> {
  const words = withoutOptions(parameters);
  const [command, ...names] = words;
  switch (command) {
    case "update":
    case "clean":
    case "autoremove":
      return succeeded;
    case "install":
      return installAll(systemctl, names);
    case "remove":
    case "purge":
      await Promise.all(names.map(remove));
      return succeeded;
    default:
      return { code: 100, output: `E: not modelled: ${parameters.join(" ")}\n` };
  }
}

/** `dpkg`: installs files, and answers scripts' queries. */
export async function dpkg(systemctl: Systemctl, parameters: readonly string[]): Promise<Outcome> {
  const [option = "", ...rest] = parameters;
  switch (option) {
    case "-i":
    case "--install":
      return installAll(systemctl, rest);
    case "--print-architecture":
      return { code: 0, output: `${process.arch === "arm64" ? "arm64" : "amd64"}\n` };
    case "--configure":
      return succeeded;
    case "-s":
    case "--status": {
      const missing = rest.filter((name) => !isInstalled(name));
      return missing.length === 0
        ? { code: 0, output: rest.map((name) => `Package: ${name}\nStatus: install ok installed\n`).join("") }
        : {
            code: 1,
            output: missing.map((name) => `dpkg-query: package '${name}' is not installed\n`).join(""),
          };
    }
    default:
      return { code: 2, output: `dpkg: not modelled: ${parameters.join(" ")}\n` };
  }
}

export function isInstalled(name: string): boolean {
  return existsSync(join(installed, name));
}

async function installAll(systemctl: Systemctl, files: readonly string[]): Promise<Outcome> {
  let output = "";
  for (const file of files) {
    const name = file.includes("/") ? (await readFile(file, "utf8")).trim() : file;
    output += `Setting up ${name} ...\n`;
    await install(name);
    const service = contents[name]?.service;
    const started = service === undefined ? succeeded : await systemctl(["enable", "--now", service]);
    output += started.output;
  }
  return { code: 0, output };
}

async function install(name: string): Promise<void> {
  const { commands = [], file } = contents[name] ?? {};
  const standIn = await readlink(join(programs, "apt-get"));
  for (const command of commands.filter((each) => !existsSync(join(programs, each)))) {
    await symlink(standIn, join(programs, command));
  }
  if (file !== undefined) {
    await writeFile(file, "");
    await chmod(file, 0o755);
  }
  await mkdir(installed, { recursive: true });
  await writeFile(join(installed, name), "");
}

async function remove(name: string): Promise<void> {
  const { commands = [], file } = contents[name] ?? {};
  const paths = commands.map((command) => join(programs, command));
  await Promise.all(
    [...paths, ...(file === undefined ? [] : [file]), join(installed, name)].map((path) =>
      rm(path, { force: true }),
    ),
  );
}

/** `-o` takes the next word; no other option does. */
function withoutOptions(parameters: readonly string[]): readonly string[] {
  return parameters.filter(
    (parameter, index) =>
      !parameter.startsWith("-") && !["-o", "-t", "-c"].includes(parameters[index - 1] ?? ""),
  );
}
