import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { installer, lastLine } from "../support/bootstrap/machine";
import { signWithNewKey } from "../support/bootstrap/signing";
import { useMachine } from "../support/bootstrap/use-machine";
import { eventually } from "../support/jest/eventually";

const stage = useMachine({ ON_FAILURE: "power-off" });

const { bootstrap } = stage;

test("a second run at the same time ends at once and leaves the machine to the first", async () => {
  const { machine } = stage;
  // The first run waits here.
  const free = join(machine.root, "free");
  machine.forget("free");
  execFileSync("mkfifo", [free]);
  const first = bootstrap();
  await eventually("the first run has begun", () =>
    Promise.resolve(machine.journal.some((call) => call.startsWith("df ")) ? true : undefined),
  );
  const calls = machine.journal;

  const second = await bootstrap({ ACTIVATION_ID: "0a1b2c3d-0000-4000-8000-000000000002" });
  expect(second).toMatchObject({ status: 1 });
  expect(second.output.replaceAll(`${machine.root}/`, "/")).toBe(
    "anywhere: FAILED lock: another run is at work on this machine: wait until it has ended; " +
      "/var/log/anywhere-bootstrap.log shows its steps\n",
  );
  expect(machine.journal).toEqual(calls);

  await writeFile(free, "Avail\n2097152\n");
  const { status, output } = await first;
  expect(lastLine(output)).toMatch(/^anywhere: READY /);
  expect(status).toBe(0);
});

test("a program that the installer leaves running doesn't keep the next run from starting", async () => {
  const { machine } = stage;
  const lasting = installer.replace(
    "registering",
    'starting"\n/bin/sleep 60 >/dev/null 2>&1 </dev/null &\necho "$!" >"$MACHINE/lasting"\necho "registering',
  );
  const signed = signWithNewKey(lasting);
  machine.publish(lasting, signed);
  expect(await bootstrap({ SIGNING_KEY: signed.fingerprint })).toMatchObject({ status: 0 });
  const pid = Number(machine.read("lasting"));
  try {
    expect(process.kill(pid, 0)).toBe(true);
    expect(await bootstrap({ SIGNING_KEY: signed.fingerprint })).toMatchObject({ status: 0 });
  } finally {
    process.kill(pid);
  }
});

test("a machine without flock(1) becomes a node all the same", async () => {
  const path = stage.machine.without("flock");
  expect(await bootstrap({ PATH: path })).toMatchObject({ status: 0 });
});
