import { expect, test } from "@jest/globals";
import { installer, lastLine } from "../support/bootstrap/machine";
import { useMachine } from "../support/bootstrap/use-machine";

const stage = useMachine({ ON_FAILURE: "power-off" });

const { bootstrap } = stage;

const issue = "etc/issue.d/anywhere.issue";
const switchesItselfOff = () =>
  stage.machine.journal.at(-1) === "systemd-run --on-active=15 systemctl poweroff";

test.each([
  [
    "refuses itself",
    () => {
      stage.machine.write("sys/fs/cgroup/cgroup.controllers", "cpu\n");
    },
  ],
  [
    "has somebody else's identity",
    () => {
      stage.machine.write("var/lib/amazon/ssm/Vault/Store/RegistrationKey", "{}");
    },
  ],
  [
    "refuses its installer",
    () => {
      stage.machine.publish(`${installer}# one more line\n`, stage.signed);
    },
  ],
  [
    "gets no packages",
    () => {
      stage.machine.write("fail/apt-get", "99");
    },
  ],
  [
    "cannot register",
    () => {
      stage.machine.write("installer-fails", "");
    },
  ],
])(
  "a machine that %s switches itself off, and shows the reason when it is switched on again",
  async (_, arrange) => {
    arrange();
    const { status, output } = await bootstrap();
    expect(status).toBe(1);
    expect(lastLine(output)).toMatch(/^anywhere: FAILED /);
    expect(switchesItselfOff()).toBe(true);
    expect(stage.machine.read(issue)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ anywhere: FAILED /);
    expect(stage.machine.read(issue)).toContain(lastLine(output));
  },
);

test("the reason above the login prompt keeps its backslashes, which agetty would replace", async () => {
  await bootstrap({ SIGNING_KEY: "\\n" });
  expect(stage.machine.read(issue)).toContain("SIGNING_KEY must have 40 hexadecimal digits (got \\\\n)");
});

test("a machine without ON_FAILURE stays on when it fails", async () => {
  stage.machine.write("installer-fails", "");
  expect(await bootstrap({ ON_FAILURE: "" })).toMatchObject({ status: 1 });
  expect(stage.machine.journal.filter((call) => call.startsWith("systemd-run"))).toEqual([]);
  expect(stage.machine.exists(issue)).toBe(false);
});

test("a machine that has registered stays on, since its agents may yet come up", async () => {
  await bootstrap();
  stage.machine.write("fail/iptables", "9");
  expect(await bootstrap()).toMatchObject({ status: 1 });
  expect(stage.machine.journal.filter((call) => call.startsWith("systemd-run"))).toEqual([]);
});

test("a run that succeeds removes the reason of a former failure", async () => {
  stage.machine.write("installer-fails", "");
  await bootstrap();
  expect(stage.machine.exists(issue)).toBe(true);
  stage.machine.forget("installer-fails");
  expect(await bootstrap()).toMatchObject({ status: 0 });
  expect(stage.machine.exists(issue)).toBe(false);
});
