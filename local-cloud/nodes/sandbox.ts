import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, realpathSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MachineSpec } from "../machines";
import { type Bind, makeDisk, systemBinds } from "./disk";
import type { Settings } from "./inside/settings";
import type { Interpreter } from "./interpreter";

const probeMilliseconds = 10_000;
const outsidePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const namespaces = ["mount", "pid", "fork", "kill-child", "uts", "net", "ipc"];
const memoryOptions = ["--max-old-space-size=32", "--max-semi-space-size=1"];

export type SandboxKind = Settings["sandbox"];

/** Files of the local cloud that every machine sees below `/run/anywhere`. */
export interface Shared {
  readonly runDirectory: string;
  readonly imagesDirectory: string;
  readonly python: Interpreter;
  /** The supervisor as one file of JavaScript. */
  readonly supervisor: string;
}

/**
 * How machines can be isolated here: tries a machine with namespaces that runs the programs that user-data needs.
 * `reason` says why that isn't possible.
 */
export async function chooseSandbox(
  wanted: SandboxKind | "auto",
  python: Interpreter,
): Promise<{ readonly kind: SandboxKind; readonly reason?: string }> {
  if (wanted === "process") {
    return { kind: "process", reason: "you asked for it" };
  }
  const reason = await probe(python);
  if (reason === undefined) {
    return { kind: "namespaces" };
  }
  if (wanted === "namespaces") {
    throw new Error(
      `machines with namespaces are not possible here: ${reason}; allow them, or choose "process"`,
    );
  }
  return { kind: "process", reason };
}

async function probe(python: Interpreter): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "probe-"));
  const disk = join(folder, "disk");
  try {
    await makeDisk(disk, { name: "probe", hostname: "probe", userData: "", publicIp: "127.0.0.1" });
    const test =
      "command -v gpg curl >/dev/null || { echo gpg or curl is missing >&2; exit 1; }; exec node --version";
    const binds = [...systemBinds(recorder), nodeBind];
    const command = ["/bin/bash", "--norc", "-c", `PATH=/run/anywhere/bin:$PATH; ${test}`];
    const child = spawnInNamespaces({
      disk,
      hostname: "probe",
      python,
      binds,
      command,
      output: join(folder, "output"),
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), probeMilliseconds);
    const end = await ended(child);
    clearTimeout(timer);
    return end === "0"
      ? undefined
      : (await readFile(join(folder, "output"), "utf8")).trim() || `unshare: ${end}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts a machine's supervisor. It ends, with everything it has started, when its standard input does. */
export function startSupervisor(
  kind: SandboxKind,
  shared: Shared,
  spec: MachineSpec,
  disk: string,
  consolePath: string,
): ChildProcess {
  const sockets = join(shared.runDirectory, spec.name);
  const identity = { machine: spec.name, hostname: spec.hostname, publicIp: spec.publicIp, sandbox: kind };
  if (kind === "process") {
    const settings: Settings = {
      ...identity,
      root: disk,
      cloudSocket: join(shared.runDirectory, "cloud.sock"),
      socketDirectory: sockets,
      imagesDirectory: shared.imagesDirectory,
      programDirectory: join(process.execPath, ".."),
      python: shared.python.outside,
    };
    const command = [process.execPath, ...memoryOptions, shared.supervisor, JSON.stringify(settings)];
    return spawnDetached(command, { PATH: outsidePath }, consolePath);
  }
  const settings: Settings = {
    ...identity,
    root: "",
    cloudSocket: "/run/anywhere/cloud.sock",
    socketDirectory: "/run/anywhere/sockets",
    imagesDirectory: "/run/anywhere/images",
    programDirectory: "/run/anywhere/bin",
    python: shared.python.inside,
  };
  const binds: readonly Bind[] = [
    ...systemBinds(recorder),
    nodeBind,
    { mode: "ro", source: recorder, target: "/run/anywhere/recorder" },
    { mode: "ro", source: namespacesProgram, target: "/run/anywhere/namespaces" },
    ...shared.python.binds,
    { mode: "ro", source: shared.supervisor, target: "/run/anywhere/supervisor.js" },
    {
      mode: "ro",
      source: join(__dirname, "origin", "origin-certificate.pem"),
      target: "/run/anywhere/origin-certificate.pem",
    },
    { mode: "ro", source: shared.imagesDirectory, target: "/run/anywhere/images" },
    { mode: "rw", source: join(shared.runDirectory, "cloud.sock"), target: "/run/anywhere/cloud.sock" },
    { mode: "rw", source: join(shared.runDirectory, "origin.sock"), target: "/run/anywhere/origin.sock" },
    { mode: "rw", source: sockets, target: "/run/anywhere/sockets" },
  ];
  const command = [
    nodeBind.target,
    ...memoryOptions,
    "/run/anywhere/supervisor.js",
    JSON.stringify(settings),
  ];
  const { hostname, privateIp } = spec;
  const { python } = shared;
  return spawnInNamespaces({ disk, hostname, privateIp, python, binds, command, output: consolePath });
}

const recorder = join(__dirname, "recorder.sh");
const namespacesProgram = join(__dirname, "namespaces");
const nodeBind: Bind = {
  mode: "ro",
  source: realpathSync(process.execPath),
  target: "/run/anywhere/bin/node",
};

function spawnInNamespaces(machine: {
  readonly disk: string;
  readonly hostname: string;
  readonly privateIp?: string | undefined;
  readonly python: Interpreter;
  readonly binds: readonly Bind[];
  readonly command: readonly string[];
  readonly output: string;
}): ChildProcess {
  const options = namespaces.map((name) => `--${name}`);
  const { python, command: first, output, ...settings } = machine;
  const command = [
    join(__dirname, "users.sh"),
    "unshare",
    ...options,
    "--",
    join(__dirname, "init.sh"),
    ...first,
  ];
  const env = {
    PATH: outsidePath,
    PYTHON: python.outside,
    NAMESPACES: namespacesProgram,
    MACHINE: JSON.stringify(settings),
  };
  return spawnDetached(command, env, output);
}

/** In a separate process group, so that a terminal's Ctrl-C doesn't reach it: its owner decides about its end. */
function spawnDetached(
  [program = "", ...parameters]: readonly string[],
  env: Readonly<Record<string, string>>,
  outputPath: string,
): ChildProcess {
  const output = openSync(outputPath, "a");
  const child = spawn(program, parameters, {
    cwd: "/",
    env,
    detached: true,
    stdio: ["pipe", output, output],
  });
  closeSync(output);
  child.stdin?.on("error", () => undefined);
  return child;
}

/** Resolves with the exit code or signal of a child, or with why it couldn't be started. */
export function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(String(code ?? signal)));
  });
}
