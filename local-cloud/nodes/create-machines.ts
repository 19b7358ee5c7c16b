import { mkdir, readFile, rm } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { bundle } from "../bundle";
import { takeFault } from "../faults";
import type { Machines, MachineSpec } from "../machines";
import type { PrivateNetwork } from "../private-network";
import { type JsonObject, note, type World } from "../world";
import { type MachineEvent, serveCloudSocket } from "./cloud-socket";
import { findInterpreter } from "./interpreter";
import { createMachine, type Machine } from "./machine";
import { type Origin, serveOrigin } from "./origin";
import { chooseSandbox, type SandboxKind, type Shared } from "./sandbox";

export interface MachinesOptions {
  readonly world: World;
  /** Folder for `machines/` (disks) and `logs/` (consoles). */
  readonly directory: string;
  /** Short folder for Unix sockets, whose paths may have at most 107 bytes. */
  readonly runDirectory: string;
  /** The images that containers can be made of. */
  readonly imagesDirectory: string;
  /** Answers what machines send to the clouds. */
  readonly handler: RequestListener;
  readonly sandbox: SandboxKind | "auto";
  /** A Python 3. */
  readonly python: string;
}

/** {@link Machines} that are processes of this computer. */
export interface LocalMachines extends Machines {
  /** Why it is `process`, where it is. */
  readonly sandboxReason: string | undefined;
  /** Where machines download from; only with namespaces, since nothing is downloaded without. */
  readonly origin: Origin | undefined;
}

/**
 * Makes the part of the local cloud that machines run in. Faults of service `machine`: operation `boot`
 * (an error: the machine stays dark; a delay: it starts that much later), a program's name, a URL's path.
 */
export async function createMachines(options: MachinesOptions): Promise<LocalMachines> {
  const { world, directory, runDirectory, imagesDirectory } = options;
  const python = await findInterpreter(options.python);
  const { kind, reason } = await chooseSandbox(options.sandbox, python);
  const shared: Shared = {
    runDirectory,
    imagesDirectory,
    python,
    supervisor: join(runDirectory, "supervisor.js"),
  };
  const disks = join(directory, "machines");
  const consolePath = (name: string): string => join(directory, "logs", `${name}.log`);
  await rm(disks, { recursive: true, force: true });
  await Promise.all(
    [runDirectory, imagesDirectory, join(directory, "logs")].map((path) => mkdir(path, { recursive: true })),
  );
  await bundle(join(__dirname, "inside", "supervisor.ts"), shared.supervisor);

  const machines = new Map<string, Machine>();
  const delayed = new Map<string, NodeJS.Timeout>();
  const happened = (caller: string, name: string, detail: JsonObject = {}): void => {
    note(world, { kind: "event", service: "machine", name, caller, detail });
  };
  const told = ({ machine, event, detail }: MachineEvent): void => {
    happened(machine, event, detail);
    if (event === "booted") {
      machines.get(machine)?.hasStarted();
    }
  };
  let network: PrivateNetwork | undefined;
  const cloud = await serveCloudSocket(world, join(runDirectory, "cloud.sock"), options.handler, told, {
    addresses: (machine) => network?.addresses(machine) ?? [],
    open: (machine, address) => network?.open(machine, address),
  });
  const origin =
    kind === "namespaces" ? await serveOrigin(world, join(runDirectory, "origin.sock")) : undefined;

  const known = (name: string): Machine => {
    const machine = machines.get(name);
    if (machine === undefined) {
      throw new Error(`there is no machine ${name}`);
    }
    return machine;
  };
  const forgetDelay = (name: string): void => {
    clearTimeout(delayed.get(name));
    delayed.delete(name);
  };
  const inTurn = queues();

  const boot = async (spec: MachineSpec): Promise<void> => {
    if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(spec.name) || machines.has(spec.name)) {
      throw new Error(
        `a machine can't be named ${spec.name}: taken, or not of letters, digits, dots and dashes`,
      );
    }
    if (!spec.userData.startsWith("#!")) {
      throw new Error(`user-data of ${spec.name} is not a script: its first line must start with #!`);
    }
    const paths = { directory: join(disks, spec.name), console: consolePath(spec.name) };
    const machine = createMachine(kind, shared, spec, paths, (end) => {
      happened(spec.name, "crashed", { end });
    });
    machines.set(spec.name, machine);
    await machine.make();
    const fault = takeFault(world, {
      service: "machine",
      operation: "boot",
      input: JSON.stringify({ name: spec.name, hostname: spec.hostname }),
    });
    if (fault?.kind === "delay") {
      delayed.set(
        spec.name,
        setTimeout(() => {
          delayed.delete(spec.name);
          void inTurn(spec.name, () => machine.switchOn()).catch((error: unknown) => {
            happened(spec.name, "failed", { line: String(error) });
          });
        }, fault.milliseconds),
      );
    } else if (fault === undefined) {
      await machine.switchOn();
    }
    if (fault !== undefined) {
      happened(spec.name, "dark", { effect: fault.kind });
    }
  };

  const destroy = async (name: string): Promise<void> => {
    const machine = machines.get(name);
    if (machine === undefined) {
      return;
    }
    forgetDelay(name);
    await machine.switchOff();
    await machine.remove();
    machines.delete(name);
    happened(name, "destroyed");
  };

  return {
    sandbox: kind,
    sandboxReason: reason,
    origin,
    boot: (spec) => inTurn(spec.name, () => boot(spec)),
    destroy: (name) => inTurn(name, () => destroy(name)),
    powerOff: (name) =>
      inTurn(name, async () => {
        forgetDelay(name);
        await known(name).switchOff();
        happened(name, "powered-off");
      }),
    powerOn: (name) =>
      inTurn(name, async () => {
        await known(name).switchOn();
        happened(name, "powered-on");
      }),
    agent: (name, action) =>
      inTurn(name, async () => {
        await known(name).control(`/agent/${action}`);
        happened(name, action === "stop" ? "agent-killed" : "agent-started");
      }),
    connect: (name, port) => {
      const socket = connect(join(runDirectory, name, `${port}.sock`));
      // A relay accepts before it knows whether its port does.
      socket.once("end", () => {
        if (socket.bytesRead === 0) {
          socket.destroy(new Error(`nothing answers on port ${port} of machine ${name}`));
        }
      });
      return socket;
    },
    reach: (given) => {
      network = given;
    },
    console: (name) => readFile(consolePath(name), "utf8"),
    close: async () => {
      await Promise.all([...machines.keys()].map((name) => inTurn(name, () => destroy(name))));
      await Promise.all([cloud.close(), origin?.close()]);
      await rm(shared.supervisor, { force: true });
    },
  };
}

/** Actions with the same name run one after the other. */
function queues(): (name: string, action: () => Promise<void>) => Promise<void> {
  const last = new Map<string, Promise<void>>();
  return (name, action) => {
    const turn = (last.get(name) ?? Promise.resolve()).catch(() => undefined).then(action);
    last.set(name, turn);
    return turn;
  };
}
