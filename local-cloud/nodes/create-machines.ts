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
import { createOutputReader } from "./container-output";
import { findInterpreter } from "./interpreter";
import { createMachine, type Machine } from "./machine";
import { type Origin, serveOrigin } from "./origin/origin";
import { chooseSandbox, type SandboxKind, type Shared } from "./sandbox";

export interface MachinesOptions {
  readonly world: World;
  /** Folder for `machines/` (disks) and `logs/` (consoles). */
  readonly directory: string;
  /** Short folder for Unix sockets, whose paths may have at most 107 bytes. */
  readonly runDirectory: string;
  /** The images for containers. */
  readonly imagesDirectory: string;
  /** Answers the machines' calls to the clouds. */
  readonly handler: RequestListener;
  readonly sandbox: SandboxKind | "auto";
  /** A Python 3. */
  readonly python: string;
}

/** {@link Machines} that are processes of this computer. */
export interface LocalMachines extends Machines {
  /** Why the sandbox is `process`, if it is. */
  readonly sandboxReason: string | undefined;
  /** The source of machines' downloads; only with namespaces, since nothing is downloaded without. */
  readonly origin: Origin | undefined;
}

/** The existing machines, and the resources of their part of the local cloud. */
interface Yard {
  readonly world: World;
  readonly kind: SandboxKind;
  readonly shared: Shared;
  /** Folder with a folder for each machine. */
  readonly disks: string;
  readonly consolePath: (name: string) => string;
  readonly machines: Map<string, Machine>;
  /** The network that machines reach; undefined until it is known. */
  network: PrivateNetwork | undefined;
  /** Machines that a fault switches on later. */
  readonly delayed: Map<string, NodeJS.Timeout>;
  readonly inTurn: ReturnType<typeof queues>;
  /** Machines that are about to switch themselves off. */
  readonly leaving: Set<string>;
  /** Is called for those that have. */
  whenOff: (name: string) => void;
}

/**
 * Creates the part of the local cloud in which machines run. Faults of service `machine`: operation `boot` (an error:
 * the machine stays dark; a delay: it starts that much later), a program's name, a URL's path.
 */
export async function createMachines(options: MachinesOptions): Promise<LocalMachines> {
  const { world, directory, runDirectory, imagesDirectory } = options;
  const python = await findInterpreter(options.python);
  const { kind, reason } = await chooseSandbox(options.sandbox, python);
  const supervisor = join(runDirectory, "supervisor.js");
  const disks = join(directory, "machines");
  await rm(disks, { recursive: true, force: true });
  await Promise.all(
    [runDirectory, imagesDirectory, join(directory, "logs")].map((path) => mkdir(path, { recursive: true })),
  );
  await bundle(join(__dirname, "inside", "supervisor.ts"), supervisor);
  const yard: Yard = {
    world,
    kind,
    shared: { runDirectory, imagesDirectory, python, supervisor },
    disks,
    consolePath: (name) => join(directory, "logs", `${name}.log`),
    machines: new Map(),
    network: undefined,
    delayed: new Map(),
    inTurn: queues(),
    leaving: new Set(),
    whenOff: () => undefined,
  };
  const told = ({ machine, event, detail }: MachineEvent): void => {
    if (event === "powering-off") {
      yard.leaving.add(machine);
      return;
    }
    happened(yard, machine, event, detail);
    if (event === "booted") {
      yard.machines.get(machine)?.hasStarted();
    }
  };
  const cloud = await serveCloudSocket(world, join(runDirectory, "cloud.sock"), options.handler, told, {
    addresses: (machine) => yard.network?.addresses(machine) ?? [],
    open: (machine, address) => yard.network?.open(machine, address),
  });
  const origin = await (
    kind === "namespaces" ? serveOrigin(world, join(runDirectory, "origin.sock")) : Promise.resolve(undefined)
  ).catch(async (error: unknown) => {
    await cloud.close();
    throw error;
  });
  return {
    ...actionsOf(yard),
    sandboxReason: reason,
    origin,
    close: async () => {
      await Promise.all(
        [...yard.machines.keys()].map((name) => yard.inTurn(name, () => destroy(yard, name))),
      );
      await Promise.all([cloud.close(), origin?.close()]);
      await rm(supervisor, { force: true });
    },
  };
}

/** Operations on machines; one at a time for each. */
function actionsOf(yard: Yard): Omit<Machines, "close"> {
  const { inTurn } = yard;
  return {
    sandbox: yard.kind,
    boot: (spec) => inTurn(spec.name, () => boot(yard, spec)),
    destroy: (name) => inTurn(name, () => destroy(yard, name)),
    powerOff: (name) =>
      inTurn(name, async () => {
        forgetDelay(yard, name);
        await known(yard, name).switchOff();
        happened(yard, name, "powered-off");
      }),
    powerOn: (name) =>
      inTurn(name, async () => {
        await known(yard, name).switchOn();
        happened(yard, name, "powered-on");
      }),
    agent: (name, action) =>
      inTurn(name, async () => {
        await known(yard, name).control(`/agent/${action}`);
        happened(yard, name, action === "stop" ? "agent-killed" : "agent-started");
      }),
    connect: (name, port) => {
      const socket = connect(join(yard.shared.runDirectory, name, `${port}.sock`));
      // A relay accepts before it knows whether its port does.
      socket.once("end", () => {
        if (socket.bytesRead === 0) {
          socket.destroy(new Error(`nothing answers on port ${port} of machine ${name}`));
        }
      });
      return socket;
    },
    whenOff: (told) => {
      yard.whenOff = told;
    },
    reach: (given) => {
      yard.network = given;
    },
    output: createOutputReader(yard.disks),
    console: (name) => readFile(yard.consolePath(name), "utf8"),
  };
}

async function boot(yard: Yard, spec: MachineSpec): Promise<void> {
  const { kind, shared, disks, consolePath, machines } = yard;
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
    if (!yard.leaving.delete(spec.name)) {
      happened(yard, spec.name, "crashed", { end });
      return;
    }
    happened(yard, spec.name, "powered-off");
    yard.whenOff(spec.name);
  });
  machines.set(spec.name, machine);
  await machine.make();
  const fault = takeFault(yard.world, {
    service: "machine",
    operation: "boot",
    input: JSON.stringify({ name: spec.name, hostname: spec.hostname }),
  });
  if (fault?.kind === "delay") {
    switchOnLater(yard, machine, fault.milliseconds);
  } else if (fault === undefined) {
    await machine.switchOn();
  }
  if (fault !== undefined) {
    happened(yard, spec.name, "dark", { effect: fault.kind });
  }
}

function switchOnLater(yard: Yard, machine: Machine, milliseconds: number): void {
  const { name } = machine.spec;
  const switchOn = (): void => {
    yard.delayed.delete(name);
    yard
      .inTurn(name, () => machine.switchOn())
      .catch((error: unknown) => happened(yard, name, "failed", { line: String(error) }));
  };
  yard.delayed.set(name, setTimeout(switchOn, milliseconds));
}

async function destroy(yard: Yard, name: string): Promise<void> {
  const machine = yard.machines.get(name);
  if (machine === undefined) {
    return;
  }
  forgetDelay(yard, name);
  await machine.switchOff();
  await machine.remove();
  yard.machines.delete(name);
  happened(yard, name, "destroyed");
}

function known({ machines }: Yard, name: string): Machine {
  const machine = machines.get(name);
  if (machine === undefined) {
    throw new Error(`there is no machine ${name}`);
  }
  return machine;
}

function forgetDelay({ delayed }: Yard, name: string): void {
  clearTimeout(delayed.get(name));
  delayed.delete(name);
}

function happened({ world }: Yard, caller: string, name: string, detail: JsonObject = {}): void {
  note(world, { kind: "event", service: "machine", name, caller, detail });
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
