import { execFile } from "node:child_process";
import { type Outcome, succeeded } from "./iptables";
import { isInstalled } from "./packages";
import { log, reason } from "../settings";
import { directives, disable, enable, full, isEnabled, isWritten, pulledInBy } from "./unit-files";

const commandMilliseconds = 60_000;

/** The program that a package's unit runs. */
export interface Service {
  readonly package: string;
  /** Units that are started first. */
  readonly requires: readonly string[];
  start(): void;
  stop(): void;
}

/** The machine's service manager: the packages' services, and oneshot units that scripts write. */
export interface Units {
  systemctl(parameters: readonly string[]): Promise<Outcome>;
  /** Starts the enabled units, as a boot does. */
  boot(): Promise<void>;
}

/** Present on an Ubuntu machine from the start; here they do nothing. */
const present = ["apt-daily", "apt-daily-upgrade", "unattended-upgrades", "packagekit", "cron", "ssh"];

/** A message of systemctl and its exit code. */
class UnitError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** Services and active units, by full name. */
interface State {
  readonly services: ReadonlyMap<string, Service>;
  readonly active: Set<string>;
  readonly powerOff: () => void;
}

/**
 * @param services by full name of their unit
 * @param powerOff switches the machine off
 */
export function createUnits(services: ReadonlyMap<string, Service>, powerOff: () => void): Units {
  // As on a fresh Ubuntu, whose updates are about to start.
  const active = new Set(["apt-daily.timer", "apt-daily-upgrade.timer", "unattended-upgrades.service"]);
  const state = { services, active, powerOff };
  return {
    systemctl: (parameters) =>
      perform(state, parameters).catch((error: unknown) => {
        if (error instanceof UnitError) {
          return { code: error.code, output: `${error.message}\n` };
        }
        throw error;
      }),
    boot: async () => {
      const enabled = pulledInBy("multi-user.target");
      const first = enabled.filter((unit) => enabled.some((other) => isBefore(unit, other)));
      for (const unit of new Set([...first, ...enabled])) {
        await start(state, unit).catch((error: unknown) => log(`systemd: ${reason(error)}`));
      }
    },
  };
}

async function perform(state: State, parameters: readonly string[]): Promise<Outcome> {
  const [command = "", ...units] = parameters.filter((parameter) => !parameter.startsWith("-"));
  const now = parameters.includes("--now");
  const quiet = parameters.some((parameter) => parameter === "--quiet" || parameter === "-q");
  const actions = {
    start: [start],
    stop: [stop],
    restart: [stop, start],
    enable: now ? [enableKnown, start] : [enableKnown],
    disable: now ? [disableAny, stop] : [disableAny],
    "daemon-reload": [],
  }[command];
  if (actions !== undefined) {
    for (const unit of units) {
      for (const action of actions) {
        await action(state, unit);
      }
    }
    return succeeded;
  }
  switch (command) {
    case "is-active":
      return answer(
        units,
        (unit) => state.active.has(full(unit)),
        quiet ? undefined : ["active", "inactive"],
        3,
      );
    case "poweroff":
      state.powerOff();
      return succeeded;
    case "is-enabled":
      return answer(units, isEnabled, quiet ? undefined : ["enabled", "disabled"], 1);
    default:
      throw new UnitError(1, `systemctl: not modelled: ${parameters.join(" ")}`);
  }
}

/** @throws UnitError for a unit that isn't there */
function demand({ services }: State, unit: string, code: number, failure: string, missing: string): void {
  const service = services.get(full(unit));
  const known =
    (service !== undefined && isInstalled(service.package)) ||
    present.includes(unit.replace(/\.(service|timer|socket)$/, "")) ||
    isWritten(unit);
  if (!known) {
    throw new UnitError(code, `Failed to ${failure}: Unit ${full(unit)} ${missing}.`);
  }
}

async function start(state: State, unit: string): Promise<void> {
  demand(state, unit, 5, `start ${full(unit)}`, "not found");
  if (state.active.has(full(unit))) {
    return;
  }
  const service = state.services.get(full(unit));
  const pulledIn = pulledInBy(unit);
  const before = pulledIn.filter((other) => isBefore(other, unit));
  for (const other of [...(service?.requires ?? []), ...before]) {
    await start(state, other);
  }
  await execute(unit);
  service?.start();
  state.active.add(full(unit));
  for (const other of pulledIn.filter((each) => !before.includes(each))) {
    await start(state, other);
  }
}

function stop(state: State, unit: string): void {
  demand(state, unit, 5, `stop ${full(unit)}`, "not loaded");
  if (state.active.delete(full(unit))) {
    state.services.get(full(unit))?.stop();
  }
}

function enableKnown(state: State, unit: string): void {
  demand(state, unit, 1, "enable unit", "does not exist");
  enable(unit);
}

function disableAny(_: State, unit: string): void {
  disable(unit);
}

function isBefore(unit: string, other: string): boolean {
  return directives(unit, "Before").some((value) => value.split(/\s+/).includes(full(other)));
}

/** @param states the texts for a unit that is in this state and for one that isn't; nothing when undefined */
function answer(
  units: readonly string[],
  holds: (unit: string) => boolean,
  states: readonly [string, string] | undefined,
  otherwise: number,
): Outcome {
  return {
    code: units.every(holds) ? 0 : otherwise,
    output: units.map((unit) => (states === undefined ? "" : `${states[holds(unit) ? 0 : 1]}\n`)).join(""),
  };
}

/** Runs the ExecStart lines of a oneshot unit that a script has written. */
async function execute(unit: string): Promise<void> {
  for (const line of directives(unit, "ExecStart")) {
    const command = line.replace(/^-/, "");
    await new Promise<void>((resolve, reject) => {
      execFile(
        "/bin/bash",
        ["--norc", "-c", command],
        { timeout: commandMilliseconds },
        (error, _, stderr) => {
          if (error === null || line.startsWith("-")) {
            resolve();
          } else {
            reject(new UnitError(1, `Job for ${full(unit)} failed: ${command}: ${stderr.trim()}`));
          }
        },
      );
    });
  }
}
