import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type Outcome, succeeded } from "./iptables";
import { isInstalled } from "./packages";
import { log, reason } from "./settings";

const folder = "/etc/systemd/system";
const wants = join(folder, "multi-user.target.wants");
const commandMilliseconds = 60_000;

/** Something that a package's unit runs. */
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
  /** Starts what is enabled, as a boot does. */
  boot(): Promise<void>;
}

/** On an Ubuntu machine from the start; what they do has no part here. */
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

export function createUnits(services: ReadonlyMap<string, Service>): Units {
  const active = new Set<string>();

  const exists = (unit: string): boolean => {
    const service = services.get(bare(unit));
    return (
      (service !== undefined && isInstalled(service.package)) ||
      present.includes(bare(unit)) ||
      existsSync(join(folder, full(unit)))
    );
  };
  const start = async (unit: string): Promise<void> => {
    if (!exists(unit)) {
      throw new UnitError(5, `Failed to start ${full(unit)}: Unit ${full(unit)} not found.`);
    }
    if (active.has(full(unit))) {
      return;
    }
    const service = services.get(bare(unit));
    for (const required of service?.requires ?? []) {
      await start(required);
    }
    if (service === undefined) {
      await execute(join(folder, full(unit)));
    } else {
      service.start();
    }
    active.add(full(unit));
  };
  const stop = (unit: string): void => {
    if (!exists(unit)) {
      throw new UnitError(5, `Failed to stop ${full(unit)}: Unit ${full(unit)} not loaded.`);
    }
    if (active.delete(full(unit))) {
      services.get(bare(unit))?.stop();
    }
  };
  const enable = (unit: string): void => {
    if (!exists(unit)) {
      throw new UnitError(1, `Failed to enable unit: Unit file ${full(unit)} does not exist.`);
    }
    mkdirSync(wants, { recursive: true });
    disable(unit);
    symlinkSync(join(folder, full(unit)), join(wants, full(unit)));
  };

  const perform = async (parameters: readonly string[]): Promise<Outcome> => {
    const [command = "", ...units] = parameters.filter((parameter) => !parameter.startsWith("-"));
    const actions = {
      start: [start],
      stop: [stop],
      restart: [stop, start],
      enable: parameters.includes("--now") ? [enable, start] : [enable],
      disable: parameters.includes("--now") ? [disable, stop] : [disable],
      "daemon-reload": [],
      "reset-failed": [],
    }[command];
    if (actions !== undefined) {
      for (const action of actions) {
        for (const unit of units) {
          await action(unit);
        }
      }
      return succeeded;
    }
    switch (command) {
      case "is-active":
        return answer(units, (unit) => active.has(full(unit)), ["active", "inactive"], 3);
      case "is-enabled":
        return answer(units, (unit) => enabled().includes(full(unit)), ["enabled", "disabled"], 1);
      default:
        throw new UnitError(1, `systemctl: not modelled: ${parameters.join(" ")}`);
    }
  };

  return {
    systemctl: (parameters) =>
      perform(parameters).catch((error: unknown) => {
        if (error instanceof UnitError) {
          return { code: error.code, output: `${error.message}\n` };
        }
        throw error;
      }),
    boot: async () => {
      const rank = (unit: string): number => (services.has(bare(unit)) ? 1 : beforeDocker(unit) ? 0 : 2);
      for (const unit of enabled().toSorted((one, other) => rank(one) - rank(other))) {
        await start(unit).catch((error: unknown) => {
          log(`systemd: ${reason(error)}`);
        });
      }
    },
  };
}

function full(unit: string): string {
  return unit.includes(".") ? unit : `${unit}.service`;
}

function bare(unit: string): string {
  return unit.replace(/\.(service|timer|socket)$/, "");
}

function enabled(): readonly string[] {
  return existsSync(wants) ? readdirSync(wants) : [];
}

function disable(unit: string): void {
  rmSync(join(wants, full(unit)), { force: true });
}

function answer(
  units: readonly string[],
  holds: (unit: string) => boolean,
  [yes, no]: readonly [string, string],
  otherwise: number,
): Outcome {
  return {
    code: units.every(holds) ? 0 : otherwise,
    output: units.map((unit) => `${holds(unit) ? yes : no}\n`).join(""),
  };
}

function beforeDocker(unit: string): boolean {
  const path = join(folder, unit);
  return existsSync(path) && /^Before=.*\bdocker\.service\b/m.test(readFileSync(path, "utf8"));
}

/** Runs the ExecStart lines of a oneshot unit. A unit that no script has written does nothing. */
async function execute(path: string): Promise<void> {
  const text = existsSync(path) ? readFileSync(path, "utf8").replaceAll(/\\\n/g, " ") : "";
  for (const [, mayFail, line = ""] of text.matchAll(/^ExecStart=(-?)(.*)$/gm)) {
    await new Promise<void>((resolve, reject) => {
      execFile("/bin/bash", ["-c", line], { timeout: commandMilliseconds }, (error, _, stderr) => {
        if (error === null || mayFail === "-") {
          resolve();
        } else {
          reject(new UnitError(1, `Job for ${path} failed: ${line}: ${stderr.trim()}`));
        }
      });
    });
  }
}
