import { expect } from "@jest/globals";
import type { Ended } from "../scripts/run";
import { lastLine, type Machine } from "./machine";

/** Where a machine keeps who it is to AWS. */
export const marker = "etc/ecs/anywhere.activation";
export const vault = "var/lib/amazon/ssm/Vault/Store/RegistrationKey";
export const checkpoint = "var/lib/ecs/data/agent.db";

/** Programs, or calls of them, that only look. */
const looks = /^(uname|df|getent|curl --disable|curl --silent --head|systemctl is-active) ?/;

/** A bootstrap ends with this reason: nothing has been used up or taken away, the machine is as it was. */
export async function expectRefusal(
  machine: Machine,
  bootstrap: () => Promise<Ended>,
  reason: string,
): Promise<void> {
  const kept = [marker, vault, checkpoint].map((file) => machine.read(file));
  const { status, output } = await bootstrap();
  expect({ status, last: lastLine(output)?.replaceAll(`${machine.root}/`, "/") }).toEqual({
    status: 1,
    last: `anywhere: FAILED ${reason}`,
  });
  expect([marker, vault, checkpoint].map((file) => machine.read(file))).toEqual(kept);
  expect(machine.exists("installer-arguments")).toBe(false);
  expect(machine.journal.filter((call) => !looks.test(call))).toEqual([]);
}
