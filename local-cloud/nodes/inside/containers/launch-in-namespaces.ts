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

const program = "/run/anywhere/namespaces";

/** Starts a container with its own file system, processes and, unless it uses the machine's, network. */
export async function launchInNamespaces(launch: Launch): Promise<Launched> {
  const { order, pulled } = launch;
  const { settings, id, address, assignment } = launch.place;
  const { networkMode } = assignment;
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
  const child = spawn(settings.python, ["-I", "-S", program, "container"], {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LD_LIBRARY_PATH: join(settings.python, "../../lib") },
    detached: true,
    stdio: ["ignore", launch.output, launch.output, "pipe"],
  });
  const ended = exitCodeOf(child);
  const control = child.stdio[3] as Socket;
  control.on("error", () => undefined).write(`${JSON.stringify(container)}\n`);
  const said = await text(control);
  const problem = /^failed (.*)$/m.exec(said)?.[1];
  const pid = Number(/^pid (\d+)$/m.exec(said)?.[1]);
  const [, user = "", group = "", home = ""] = /^user (\d+) (\d+) (.*)$/m.exec(said) ?? [];
  if (problem !== undefined || Number.isNaN(pid)) {
    throw cannotStart(problem ?? "it ended before its program ran");
  }
  const surroundings = { cwd: "/", env: { HOME: home, ...launch.environment } };
  const inside = [...enter(pid), "/usr/bin/env", "-C", workingDirectory, ...become(order, user, group)];
  return {
    ended,
    stop: () => sendSignal(pid, pulled.image.stopSignal),
    kill: () => sendSignal(pid, "SIGKILL"),
    probe: (words, timeout) => succeeds([...inside, ...words], surroundings, timeout),
    reach: (port) => ({ host: networkMode === "bridge" ? address : "127.0.0.1", port }),
  };
}

/** Runs the following command in the namespaces of a process. */
function enter(pid: number): readonly string[] {
  const kinds = ["mount", "uts", "ipc", "net", "pid"].map((kind) => `--${kind}`);
  return ["/usr/bin/nsenter", "--target", String(pid), ...kinds, "--"];
}

/**
 * Runs the following command as a container's programs run. Not with Python, which takes ten times as long to start.
 */
function become(
  { capabilities, noNewPrivileges }: ContainerOrder,
  user: string,
  group: string,
): readonly string[] {
  const kept = keptCapabilities(capabilities).map((number) => `,+cap_${number}`);
  const others = user === "0" && group === "0" ? [] : ["--reuid", user, "--regid", group, "--clear-groups"];
  const privileges = noNewPrivileges ? ["--no-new-privs"] : [];
  return ["/usr/bin/setpriv", "--bounding-set", `-all${kept.join("")}`, ...others, ...privileges, "--"];
}

/** Docker creates a missing folder on the machine. */
async function volumes({ order, place }: Launch) {
  const binds = order.mounts.map(({ hostPath, volume, containerPath, readOnly }) => ({
    source: hostPath ?? join(place.volumes, volume),
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
