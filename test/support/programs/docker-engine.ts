import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { eventually } from "../jest/eventually";

/** The password of a registry's users, and its bcrypt hash. */
export const login = { name: "AWS", password: "registry-password" };
const passwordHash = "$2b$04$abcdefghijklmnopqrstuuvMfIFKvu0UMo4ROgipiW53f9qa5YK3q";

/** Whether there is all that an engine of our own takes: Debian's docker.io and docker-registry, and root. */
export function canStartEngine(): boolean {
  return process.getuid?.() === 0 && ["docker", "dockerd", "docker-registry", "unshare"].every(isProgram);
}

function isProgram(name: string): boolean {
  try {
    execFileSync("bash", ["-c", `type -P ${name}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A Docker engine and a registry of a test's own, which share nothing with another engine on this machine. */
export class DockerEngine {
  /** Home of a user whose current Docker context is this engine. */
  readonly home: string;
  /** Host and port of the registry. */
  registry = "";
  private readonly children: ChildProcess[] = [];

  // Short, since the engine makes Unix sockets below it.
  private constructor(readonly folder: string) {
    this.home = join(folder, "home");
  }

  static async start(): Promise<DockerEngine> {
    const engine = new DockerEngine(mkdtempSync(join(tmpdir(), "dkr-")));
    try {
      await engine.startRegistry();
      await engine.startDaemon();
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return engine;
  }

  /** Runs `docker`, and returns what it prints. */
  docker(...args: string[]): string {
    const env = { HOME: this.home, PATH: process.env["PATH"] ?? "" };
    return execFileSync("docker", args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
  }

  /** Makes a base image, which can't be pulled here, of files by their path in it. */
  importImage(name: string, files: ReadonlyMap<string, string>): void {
    const root = mkdtempSync(join(this.folder, "root-"));
    for (const [path, source] of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      cpSync(source, join(root, path), { dereference: true, recursive: true });
    }
    const archive = `${root}.tar`;
    execFileSync("tar", ["-C", root, "-cf", archive, "."]);
    this.docker("import", "--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin", archive, name);
  }

  async stop(): Promise<void> {
    for (const child of this.children) {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        await ended;
      }
    }
    // The last mounts go a moment after the processes.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  private async startRegistry(): Promise<void> {
    const passwords = join(this.folder, "htpasswd");
    writeFileSync(passwords, `${login.name}:${passwordHash}\n`);
    const settings = join(this.folder, "registry.json");
    const config = {
      version: 0.1,
      http: { addr: "127.0.0.1:0" },
      storage: { filesystem: { rootdirectory: join(this.folder, "registry") } },
      auth: { htpasswd: { realm: "test", path: passwords } },
    };
    // JSON is YAML.
    writeFileSync(settings, JSON.stringify(config));
    const log = this.spawn("docker-registry", ["serve", settings]);
    this.registry = await eventually("the registry listens", () =>
      Promise.resolve(/listening on (127\.0\.0\.1:\d+)/.exec(readFileSync(log, "utf8"))?.[1]),
    );
  }

  private async startDaemon(): Promise<void> {
    const socket = `unix://${join(this.folder, "d.sock")}`;
    const settings = join(this.folder, "daemon.json");
    writeFileSync(settings, "{}");
    // In namespaces of its own, so that its mounts and all that it starts go with it, however it ends.
    const log = this.spawn("unshare", [
      ...["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "dockerd", "--config-file", settings],
      ...["--host", socket, "--pidfile", join(this.folder, "d.pid")],
      ...["--data-root", join(this.folder, "data"), "--exec-root", join(this.folder, "exec")],
      ...["--bridge=none", "--iptables=false", "--ip6tables=false"],
    ]);
    await eventually("the Docker daemon listens", () =>
      Promise.resolve(readFileSync(log, "utf8").includes("API listen on") ? true : undefined),
    );
    mkdirSync(this.home);
    this.docker("context", "create", "own", "--docker", `host=${socket}`);
    this.docker("context", "use", "own");
  }

  /** Starts a daemon, which ends with this process at the latest; returns the path of its log. */
  private spawn(program: string, args: readonly string[]): string {
    const path = join(this.folder, `${basename(program)}.log`);
    const log = openSync(path, "a");
    const child = spawn(program, args, { stdio: ["ignore", log, log], cwd: this.folder });
    closeSync(log);
    process.once("exit", () => child.kill("SIGKILL"));
    this.children.push(child);
    return path;
  }
}
