import type { ChildProcess } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { postOverSocket } from "../http-server";
import type { MachineSpec } from "../machines";
import { makeDisk } from "./disk";
import { ended, type SandboxKind, type Shared, startSupervisor } from "./sandbox";

const startMilliseconds = 20_000;
const stopMilliseconds = 3000;

/** One machine: a disk, and while it is on, a supervisor. */
export interface Machine {
  readonly spec: MachineSpec;
  /** Makes the disk, which is empty except for user-data. */
  make(): Promise<void>;
  /** Starts the supervisor, and resolves when it says that it runs. Succeeds if it is on already. */
  switchOn(): Promise<void>;
  /** Ends everything that runs on it. Succeeds if it is off already. */
  switchOff(): Promise<void>;
  /** The supervisor has said that it runs. */
  hasStarted(): void;
  /** Asks the supervisor for something: `POST path` on its control socket. */
  control(path: string): Promise<void>;
  /** Removes disk and sockets. */
  remove(): Promise<void>;
}

export function createMachine(
  kind: SandboxKind,
  shared: Shared,
  spec: MachineSpec,
  paths: { readonly directory: string; readonly console: string },
  crashed: (end: string) => void,
): Machine {
  const disk = join(paths.directory, "disk");
  const sockets = join(shared.runDirectory, spec.name);
  let child: ChildProcess | undefined;
  let hasStarted = (): void => undefined;

  const switchOff = async (): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) {
      return;
    }
    const end = ended(ending);
    ending.stdin?.end();
    const timer = setTimeout(() => ending.kill("SIGKILL"), stopMilliseconds);
    await end;
    clearTimeout(timer);
  };

  return {
    spec,
    make: async () => {
      await rm(paths.console, { force: true });
      await makeDisk(disk, spec);
    },
    switchOn: async () => {
      if (child !== undefined) {
        return;
      }
      await mkdir(sockets, { recursive: true });
      const started = new Promise<string>((resolve) => {
        hasStarted = () => resolve("");
      });
      const starting = startSupervisor(kind, shared, spec, disk, paths.console);
      child = starting;
      const problem = await Promise.race([
        started,
        ended(starting).then((end) => `it ended (${end})`),
        elapsed(startMilliseconds).then(
          () => `nothing was heard from it within ${startMilliseconds / 1000} s`,
        ),
      ]);
      if (problem !== "") {
        await switchOff();
        throw new Error(`machine ${spec.name} has not started: ${problem}; its console is ${paths.console}`);
      }
      void ended(starting).then((end) => {
        if (child === starting) {
          child = undefined;
          crashed(end);
        }
      });
    },
    switchOff,
    hasStarted: () => hasStarted(),
    control: (path) => callControl(join(sockets, "control.sock"), path),
    remove: async () => {
      await rm(paths.directory, { recursive: true, force: true });
      await rm(sockets, { recursive: true, force: true });
    },
  };
}

function elapsed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}

async function callControl(socketPath: string, path: string): Promise<void> {
  const { status } = await postOverSocket(socketPath, path, { timeoutMilliseconds: stopMilliseconds });
  if (status !== 200) {
    throw new Error(`${path} of ${socketPath}: status ${status}`);
  }
}
