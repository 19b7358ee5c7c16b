import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import type { Socket } from "node:net";
import { join, posix } from "node:path";
import { text } from "node:stream/consumers";
import type { ContainerOrder } from "../../../machines";
import { keptCapabilities } from "./capabilities";
import { cannotStart, type Launch, type Launched } from "./launch";
import { exitCodeOf, sendSignal, succeeds } from "./process-group";
import { containersFolder, makeRoot, systemBinds } from "./root";

const program = "/run/anywhere/namespaces.py";
const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };

/** Starts a container with a file system, processes and, unless it is the machine's, a network of its own. */
export async function launchInNamespaces(launch: Launch): Promise<Launched> {
  const { settings, order, pulled, id, networkMode, address } = launch;
  const root = join(containersFolder, id);
  const workingDirectory = posix.resolve(order.workingDirectory ?? pulled.image.workingDirectory);
  const hosts = `127.0.0.1\tlocalhost\n::1\tlocalhost\n${networkMode === "bridge" ? `${address}\t${id}\n` : ""}${launch.hosts}`;
  await makeRoot(root, pulled, workingDirectory, hosts);
  const container = {
    root,
    binds: [...systemBinds(settings.programDirectory), ...(await volumes(launch))],
    tmpfs: order.tmpfs.map(tmpfs),
    readOnlyRoot: order.readOnlyRoot,
    initProcess: order.initProcess,
    network: networkMode,
    address: networkMode === "bridge" ? address : null,
    hostname: id,
    directory: workingDirectory,
    command: launch.words,
    user: order.user ?? pulled.image.user,
    capabilities: keptCapabilities(order.capabilities),
    noNewPrivileges: order.noNewPrivileges,
    environment: launch.environment,
  };
  const python = [settings.python, "-I", "-S", program];
  const [command = "", ...options] = python;
  const child = spawn(command, [...options, "run"], {
    cwd: "/",
    env: environment,
    detached: true,
    stdio: ["ignore", launch.output, launch.output, "pipe"],
  });
  const ended = exitCodeOf(child);
  const control = child.stdio[3] as Socket;
  control.on("error", () => undefined).write(`${JSON.stringify(container)}\n`);
  const said = await text(control);
  const problem = /^failed (.*)$/m.exec(said)?.[1];
  const pid = /^\d+$/m.exec(said)?.[0];
  if (problem !== undefined || pid === undefined) {
    throw cannotStart(problem ?? "it ended before its program ran");
  }
  return {
    ended,
    signal: (name) => {
      sendSignal(Number(pid), name);
    },
    kill: () => {
      sendSignal(Number(pid), "SIGKILL");
    },
    probe: (words, timeout) =>
      succeeds(
        [...python, "exec"],
        { cwd: "/", env: environment },
        timeout,
        JSON.stringify({ ...container, command: words, pid }),
      ),
    reach: (port) => ({ host: networkMode === "bridge" ? address : "127.0.0.1", port }),
  };
}

/** Docker makes a folder of the machine that isn't there. */
async function volumes({ order, volumes: own }: Launch) {
  const binds = order.mounts.map(({ hostPath, volume, containerPath, readOnly }) => ({
    source: hostPath ?? join(own, volume),
    target: posix.resolve("/", containerPath),
    readOnly,
  }));
  await Promise.all(binds.map(({ source }) => mkdir(source, { recursive: true }).catch(isFile)));
  return binds;
}

function isFile(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
    throw error;
  }
}

function tmpfs({ containerPath, mebibytes, mountOptions }: ContainerOrder["tmpfs"][number]) {
  const values = mountOptions.filter((option) => option.includes("="));
  return {
    target: posix.resolve("/", containerPath),
    options: ["mode=1777", `size=${mebibytes}m`, ...values].join(","),
    executable: mountOptions.includes("exec"),
  };
}
