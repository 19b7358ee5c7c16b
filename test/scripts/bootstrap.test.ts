import { afterEach, beforeAll, expect, test } from "@jest/globals";
import {
  activationId,
  attributes,
  bootstrapSettings,
  code,
  installer,
  lastLine,
  Machine,
} from "../support/bootstrap/machine";
import { signWithNewKey, type Signed } from "../support/bootstrap/signing";

let signed: Signed;
let machines: Machine[] = [];

beforeAll(() => {
  signed = signWithNewKey(installer);
});

afterEach(() => {
  machines.forEach((machine) => {
    machine.remove();
  });
  machines = [];
});

function machine(id = "ubuntu", version = "24.04", architecture = "x86_64"): Machine {
  const made = new Machine(signed, { id, version, architecture });
  machines.push(made);
  return made;
}

const settings = (overrides: Record<string, string> = {}) => ({
  ...bootstrapSettings(signed.fingerprint),
  ...overrides,
});
const ready = "anywhere: READY nyc3/node-1 of shop, generation 5f2a, in the cluster shop";

test("the signed installer makes a node, with its cluster, its region and the distribution's Docker", async () => {
  const node = machine();
  const { status, output } = await node.bootstrap(settings());
  expect({ status, last: lastLine(output) }).toEqual({ status: 0, last: ready });
  expect(node.read("installer-arguments").trimEnd().split("\n")).toEqual([
    ...["--region", "us-east-1", "--cluster", "shop", "--activation-id", activationId],
    ...["--activation-code", code, "--docker-install-source", "distro"],
  ]);
  expect(node.journal.at(-2)).toBe("systemctl enable --now ecs");
});

test("the script finds its parts beside itself, too", async () => {
  const { status, output } = await machine().bootstrapInPlace(settings());
  expect({ status, last: lastLine(output) }).toEqual({ status: 0, last: ready });
});

test.each([
  ["ubuntu", "22.04", "x86_64"],
  ["ubuntu", "24.04", "aarch64"],
  ["debian", "12", "x86_64"],
])("%s %s on %s is supported", async (id, version, architecture) => {
  expect(await machine(id, version, architecture).bootstrap(settings())).toMatchObject({ status: 0 });
});

test.each([
  ["ubuntu", "20.04", "x86_64", "Ubuntu 22.04, Ubuntu 24.04 or Debian 12 is needed (this is ubuntu 20.04)"],
  ["debian", "13", "x86_64", "Ubuntu 22.04, Ubuntu 24.04 or Debian 12 is needed (this is debian 13)"],
  ["fedora", "42", "x86_64", "Ubuntu 22.04, Ubuntu 24.04 or Debian 12 is needed (this is fedora 42)"],
  ["debian", "12", "armv7l", "x86_64 or aarch64 is needed (this is armv7l)"],
])("%s %s on %s is refused with one line, and nothing changes", async (id, version, architecture, reason) => {
  const node = machine(id, version, architecture);
  const { status, output } = await node.bootstrap(settings());
  expect(status).toBe(1);
  expect(lastLine(output)).toBe(`anywhere: FAILED system: ${reason}`);
  expect(node.journal.filter((call) => !call.startsWith("uname"))).toEqual([]);
});

test("the console and the log end with the status, and neither holds the code", async () => {
  const node = machine();
  const { output } = await node.bootstrap(settings());
  const log = node.read("var/log/anywhere-bootstrap.log");
  expect(lastLine(log)).toMatch(new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ ${ready}$`));
  expect(output).toContain("registering with (activation code)");
  expect(output + log).not.toContain(code);
  expect(node.mode("var/log/anywhere-bootstrap.log")).toBe(0o600);
});

test("the code is in no command line of ours and no program's environment, not even the installer's", async () => {
  const node = machine();
  await node.bootstrap(settings());
  expect(node.read("installer-command-line")).toContain("--activation-code");
  expect(node.read("installer-command-line")).not.toContain(code);
  expect(node.journal.join("\n")).not.toContain(code);
  for (const environment of ["environment", "installer-environment"]) {
    expect(node.read(environment)).toContain("MACHINE=");
    expect(node.read(environment)).not.toContain(code);
  }
});

const configured = [
  "ECS_CLUSTER=shop",
  `ECS_INSTANCE_ATTRIBUTES=${attributes}`,
  `ECS_CONTAINER_INSTANCE_TAGS=${attributes}`,
];

test("the configuration is there before the installer runs, and has each setting once after it", async () => {
  const node = machine();
  node.write("etc/ecs/ecs.config", "HTTP_PROXY=proxy:3128\nECS_CLUSTER=default");
  await node.bootstrap(settings());
  const expected = ["HTTP_PROXY=proxy:3128", ...configured, ""];
  expect(node.read("config-at-installation").split("\n")).toEqual(expected);
  expect(node.read("etc/ecs/ecs.config").split("\n")).toEqual(expected);
  expect(node.read("var/lib/ecs/ecs.config")).toBe("AWS_DEFAULT_REGION=us-east-1\nECS_EXTERNAL=true\n");
});

test("after a half-done run, the next starts the agent in the right cluster before the installer waits", async () => {
  const node = machine();
  node.write("installer-fails", "");
  expect(await node.bootstrap(settings())).toMatchObject({ status: 1 });
  node.write("usr/libexec/amazon-ecs-init", "");
  node.makeExecutable("usr/libexec/amazon-ecs-init");
  node.write("etc/ecs/ecs.config", "ECS_CLUSTER=default\n");
  node.forget("installer-fails", "journal");
  expect(await node.bootstrap(settings())).toMatchObject({ status: 0 });
  expect(node.read("etc/ecs/ecs.config")).toBe(`${configured.join("\n")}\n`);
  expect(node.journal.filter((call) => call === "systemctl enable --now ecs")).toHaveLength(2);
});

test("running it again changes nothing", async () => {
  const node = machine();
  await node.bootstrap(settings());
  const files = [
    "etc/ecs/ecs.config",
    "var/lib/ecs/ecs.config",
    "etc/systemd/system/anywhere-metadata.service",
  ];
  const before = files.map((file) => node.read(file));
  const { status, output } = await node.bootstrap(settings());
  expect({ status, last: lastLine(output) }).toEqual({ status: 0, last: ready });
  expect(files.map((file) => node.read(file))).toEqual(before);
});

test("containers are kept from the metadata address before Docker first starts, and whenever it starts", async () => {
  const node = machine();
  await node.bootstrap(settings());
  const calls = node.journal.filter((call) => call.startsWith("iptables"));
  const rule = "DOCKER-USER -d 169.254.169.254/32 -j REJECT";
  expect(calls).toEqual(["iptables -w -N DOCKER-USER", `iptables -w -C ${rule}`, `iptables -w -I ${rule}`]);
  expect(node.journal).toContain("systemctl enable anywhere-metadata.service");
  expect(node.journal.indexOf(calls[2] ?? "")).toBeLessThan(
    node.journal.indexOf("systemctl enable --now ecs"),
  );
  const unit = node.read("etc/systemd/system/anywhere-metadata.service");
  expect(unit).toContain("\nBefore=docker.service\n");
  expect(unit).toContain("\nRequiredBy=docker.service\n");
  expect(unit).toContain(`iptables -w -C ${rule} 2>/dev/null || iptables -w -I ${rule}'\n`);
});

test("a machine that can't get the rule doesn't become a node", async () => {
  const node = machine();
  node.write("fail/iptables", "9");
  const { status, output } = await node.bootstrap(settings());
  expect(status).toBe(1);
  expect(lastLine(output)).toMatch(
    /^anywhere: FAILED metadata: a command ended with status 22; see \S+bootstrap\.log$/,
  );
  expect(node.exists("installer-arguments")).toBe(false);
});

test("automatic updates stop for the installation, and those that were on resume even if it fails", async () => {
  const node = machine();
  node.write("installer-fails", "");
  await node.bootstrap(settings());
  const stopped =
    "systemctl stop apt-daily.timer apt-daily-upgrade.timer unattended-upgrades.service apt-daily.service apt-daily-upgrade.service";
  const first = (call: string) => node.journal.findIndex((entry) => entry.startsWith(call));
  expect(first(stopped)).toBeGreaterThan(-1);
  expect(first(stopped)).toBeLessThan(first("apt-get update"));
  expect(node.journal.at(-1)).toBe("systemctl start --no-block apt-daily.timer");
});

test("automatic updates leave only Docker alone from then on", async () => {
  const node = machine();
  await node.bootstrap(settings());
  const [, list = ""] =
    /^Unattended-Upgrade::Package-Blacklist \{ (.*) \};$/m.exec(
      node.read("etc/apt/apt.conf.d/60anywhere-docker"),
    ) ?? [];
  // As unattended-upgrades takes them: regular expressions for the beginning of a name.
  const held = list.match(/"[^"]+"/g)?.map((quoted) => new RegExp(`^${quoted.slice(1, -1)}`)) ?? [];
  const isHeld = (name: string) => held.some((pattern) => pattern.test(name));
  const docker = ["docker.io", "docker-ce", "docker-ce-cli", "containerd", "containerd.io", "runc"];
  expect(docker.filter((name) => !isHeld(name))).toEqual([]);
  expect(
    ["dockerxio", "docker.io-doc", "runcible", "linux-image-generic", "libc6", "openssl"].filter(isHeld),
  ).toEqual([]);
});

const locked = "dpkg: error: dpkg frontend lock was locked by another process with pid 1234\n";
const callsOf = (node: Machine, program: string) => node.journal.filter((call) => call.startsWith(program));

test("dpkg's lock is waited for while another process holds it", async () => {
  const node = machine();
  node.write("fail/dpkg", "20");
  node.write("fail/dpkg.says", locked);
  expect(await node.bootstrap(settings())).toMatchObject({ status: 0 });
  expect(callsOf(node, "dpkg")).toHaveLength(21);
  expect(callsOf(node, "sleep")).toEqual(Array.from({ length: 20 }, () => "sleep 5"));
});

test("a failure of dpkg other than its lock isn't waited for", async () => {
  const node = machine();
  node.write("fail/dpkg", "1");
  expect(await node.bootstrap(settings())).toMatchObject({ status: 0 });
  expect(callsOf(node, "sleep")).toEqual([expect.stringMatching(/^sleep [2-4]$/)]);
});

test("packages and downloads are retried with growing pauses", async () => {
  const node = machine();
  node.write("fail/apt-get", "2");
  node.write("fail/curl", "1");
  expect(await node.bootstrap(settings())).toMatchObject({ status: 0 });
  const pauses = node.journal.filter((call) => call.startsWith("sleep")).map((call) => Number(call.slice(6)));
  expect(pauses).toHaveLength(3);
  [2, 4, 2].forEach((least, index) => {
    expect(pauses[index]).toBeGreaterThanOrEqual(least);
    expect(pauses[index]).toBeLessThan(least + 3);
  });
});

test("a download that keeps failing is given up after five attempts, with its address", async () => {
  const node = machine();
  node.write("fail/curl", "99");
  const { status, output } = await node.bootstrap(settings());
  expect(status).toBe(1);
  expect(lastLine(output)).toMatch(
    /^anywhere: FAILED installer: download https:\S+install-latest\.sh installer failed 5 times, the last time with status 22/,
  );
  expect(callsOf(node, "curl --fail")).toHaveLength(5);
});

test("an installer that keeps failing is reported, and what was unpacked is removed", async () => {
  const node = machine();
  node.write("installer-fails", "");
  const { status, output } = await node.bootstrap(settings());
  expect(status).toBe(1);
  expect(lastLine(output)).toContain(
    "anywhere: FAILED registration: register failed 3 times, the last time with status 7",
  );
  expect(node.list("tmp")).toEqual([]);
});

test.each([
  [{ ACTIVATION_CODE: "" }, "ACTIVATION_CODE is not set"],
  [{ ACTIVATION_ID: "0a1b2c3d" }, "ACTIVATION_ID must be a UUID in lower case (got 0a1b2c3d)"],
  [{ SIGNING_KEY: "F34C3DDA" }, "SIGNING_KEY must have 40 hexadecimal digits (got F34C3DDA)"],
  [{ ATTRIBUTES: "none" }, "ATTRIBUTES must be a JSON object (got none)"],
  [{ CLUSTER: "shop\nECS_DATADIR=/tmp" }, "CLUSTER has more than one line"],
  [{ ON_FAILURE: "restart" }, "ON_FAILURE must be power-off or unset (got restart)"],
])("the settings %j are refused", async (overrides, reason) => {
  const node = machine();
  const { status, output } = await node.bootstrap(settings(overrides));
  expect({ status, last: lastLine(output) }).toEqual({
    status: 1,
    last: `anywhere: FAILED settings: ${reason}`,
  });
  expect(node.journal).toEqual([]);
});
