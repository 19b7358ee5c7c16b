import { afterEach, beforeAll, beforeEach } from "@jest/globals";
import { bootstrapSettings, installer, Machine } from "./machine";
import { signWithNewKey, type Signed } from "./signing";

/** A machine for each test of a file, and the installer that it finds, which is signed with a key of the file's own. */
export interface MachineStage {
  readonly machine: Machine;
  readonly signed: Signed;
  /** Runs the bootstrap on it, with these settings in place of the usual ones. */
  readonly bootstrap: (overrides?: Readonly<Record<string, string>>) => ReturnType<Machine["bootstrap"]>;
}

/** @param settings of every run of the bootstrap */
export function useMachine(settings: Readonly<Record<string, string>> = {}): MachineStage {
  let signed: Signed;
  let machine: Machine;

  beforeAll(() => {
    signed = signWithNewKey(installer);
  });

  beforeEach(() => {
    machine = new Machine(signed, { id: "ubuntu", version: "24.04" });
  });

  afterEach(() => {
    machine.remove();
  });

  return {
    get machine() {
      return machine;
    },
    get signed() {
      return signed;
    },
    bootstrap: (overrides = {}) =>
      machine.bootstrap({ ...bootstrapSettings(signed.fingerprint), ...settings, ...overrides }),
  };
}
