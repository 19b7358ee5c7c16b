import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { bootstrapSettings, installer, lastLine, Machine } from "../support/bootstrap/machine";
import { signWithNewKey, type Signed } from "../support/bootstrap/signing";

let signed: Signed;
let node: Machine;

beforeAll(() => {
  signed = signWithNewKey(installer);
});

beforeEach(() => {
  node = new Machine(signed, { id: "ubuntu", version: "24.04" });
});

afterEach(() => {
  node.remove();
});

const bootstrap = (overrides: Record<string, string> = {}) =>
  node.bootstrap({ ...bootstrapSettings(signed.fingerprint), ON_FAILURE: "power-off", ...overrides });

const issue = "etc/issue.d/anywhere.issue";
const switchesItselfOff = () => node.journal.at(-1) === "systemd-run --on-active=15 systemctl poweroff";

test.each([
  [
    "refuses itself",
    () => {
      node.write("sys/fs/cgroup/cgroup.controllers", "cpu\n");
    },
  ],
  [
    "has somebody else's identity",
    () => {
      node.write("var/lib/amazon/ssm/Vault/Store/RegistrationKey", "{}");
    },
  ],
  [
    "refuses its installer",
    () => {
      node.publish(`${installer}# one more line\n`, signed);
    },
  ],
  [
    "gets no packages",
    () => {
      node.write("fail/apt-get", "99");
    },
  ],
  [
    "cannot register",
    () => {
      node.write("installer-fails", "");
    },
  ],
])(
  "a machine that %s switches itself off, and shows the reason where it is switched on again",
  async (_, arrange) => {
    arrange();
    const { status, output } = await bootstrap();
    expect(status).toBe(1);
    expect(lastLine(output)).toMatch(/^anywhere: FAILED /);
    expect(switchesItselfOff()).toBe(true);
    expect(node.read(issue)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ anywhere: FAILED /);
    expect(node.read(issue)).toContain(lastLine(output));
  },
);

test("the reason above the login prompt keeps its backslashes, which agetty would replace", async () => {
  await bootstrap({ SIGNING_KEY: "\\n" });
  expect(node.read(issue)).toContain("SIGNING_KEY must have 40 hexadecimal digits (got \\\\n)");
});

test("a machine that somebody looks after stays on", async () => {
  node.write("installer-fails", "");
  expect(await bootstrap({ ON_FAILURE: "" })).toMatchObject({ status: 1 });
  expect(node.journal.filter((call) => call.startsWith("systemd-run"))).toEqual([]);
  expect(node.exists(issue)).toBe(false);
});

test("a machine that has registered stays on, since its agents may yet come up", async () => {
  await bootstrap();
  node.write("fail/iptables", "9");
  expect(await bootstrap()).toMatchObject({ status: 1 });
  expect(node.journal.filter((call) => call.startsWith("systemd-run"))).toEqual([]);
});

test("a run that ends well takes the reason of a former one away", async () => {
  node.write("installer-fails", "");
  await bootstrap();
  expect(node.exists(issue)).toBe(true);
  node.forget("installer-fails");
  expect(await bootstrap()).toMatchObject({ status: 0 });
  expect(node.exists(issue)).toBe(false);
});
