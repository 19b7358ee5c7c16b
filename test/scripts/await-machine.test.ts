import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveDigitalOcean, type DigitalOcean } from "../../local-cloud/digitalocean/api/api";
import type { Droplet } from "../../local-cloud/digitalocean/state";
import { fakeMachines, until, type FakeMachines } from "../local-cloud/fake-machines";
import {
  activationId,
  addActivation,
  addMachine,
  machine,
  node,
  register,
  remedy,
  settings,
  useNodeStage,
} from "../support/scripts/nodes";

const stage = useNodeStage();
let machines: FakeMachines;
let digitalocean: DigitalOcean;
let droplet: Droplet;

beforeEach(async () => {
  machines = fakeMachines();
  digitalocean = await serveDigitalOcean(stage().world, machines);
  const { status } = await fetch(`${digitalocean.endpoint}/v2/droplets`, {
    method: "POST",
    headers: { authorization: "Bearer token" },
    body: JSON.stringify({ name: "node-1", region: "ams3", size: "s-1vcpu-1gb", image: "ubuntu-24-04-x64" }),
  });
  expect(status).toBe(202);
  const droplets = stage().world.digitalocean.droplets;
  await until(() => [...droplets.values()][0]?.status === "active");
  droplet = [...droplets.values()][0] as Droplet;
  addActivation(stage().world, { expired: false, used: false });
});

afterEach(async () => {
  await digitalocean.close();
  await machines.close();
});

const awaitNode = (overrides: Record<string, string> = {}) =>
  stage().runNodeScript(
    "await.sh",
    settings({
      TIMEOUT_SECONDS: "25",
      MACHINE_SECONDS: "1",
      MACHINE_ID: `${droplet.id}`,
      MACHINE_LIBRARY: "constructs/digitalocean/droplet-power.sh",
      DIGITALOCEAN_API_URL: digitalocean.endpoint,
      DIGITALOCEAN_TOKEN: "token",
      ...overrides,
    }),
  );
const looks = () =>
  stage().world.journal.filter(({ name }) => name === "GET /v2/droplets/{droplet_id}").length;
/** Registers the node after so many looks at its droplet. */
const registerAfter = (number: number) => {
  stage().before = () => {
    if (looks() >= number && stage().world.aws.managedInstances.size === 0) {
      register(stage().world);
    }
  };
};
const verdictOf = (output: string) => /FAILED: after (\d+) s, (.*)$/.exec(output.trimEnd())?.slice(1);

const off = () =>
  `The droplet ${droplet.id} is off. If it was switched off by hand, switch it on and run again. Otherwise it refused to ` +
  "become a node, or failed: switch it on in DigitalOcean's control panel, and read the reason above the login prompt of " +
  "its Recovery Console or, over SSH (ssh.keys, ssh.allowFrom), in /var/log/anywhere-bootstrap.log. Fix that and " +
  `${remedy}.`;

test("a droplet that has switched itself off fails the gate at once, with where to find the reason", async () => {
  await machines.switchOff(`droplet-${droplet.id}`);
  const { status, output } = await awaitNode({ TIMEOUT_SECONDS: "900" });
  expect(status).toBe(1);
  expect(verdictOf(output)).toEqual([
    expect.stringMatching(/^\d$/),
    `the machine has never used its activation ${activationId}, which is still valid. ${off()}`,
  ]);
});

test("a droplet that is off although it has registered fails the gate in the same way", async () => {
  addMachine(stage().world, 1, node, { activationId, lastPingAt: 0 });
  droplet.status = "off";
  const { status, output } = await awaitNode({ TIMEOUT_SECONDS: "900" });
  expect(status).toBe(1);
  expect(verdictOf(output)?.[1]).toBe(
    `${machine(1)} is registered with Systems Manager, but its ping status is ConnectionLost, not Online. ${off()}`,
  );
});

test("a droplet that is off and whose activation is gone fails the gate with the remedy for that", async () => {
  stage().world.aws.activations.clear();
  droplet.status = "off";
  const { status, output } = await awaitNode({ TIMEOUT_SECONDS: "900" });
  expect(status).toBe(1);
  expect(verdictOf(output)?.[1]).toContain(`A new machine needs a new one: ${remedy}.`);
});

test("a droplet that no longer exists fails the gate, which says to replace its node", async () => {
  stage().world.digitalocean.droplets.clear();
  const { status, output } = await awaitNode({ TIMEOUT_SECONDS: "900" });
  expect(status).toBe(1);
  expect(verdictOf(output)?.[1]).toContain(`The droplet ${droplet.id} no longer exists: ${remedy}.`);
});

test("the gate waits for a droplet that is on, and looks at it from time to time", async () => {
  registerAfter(3);
  expect(await awaitNode()).toMatchObject({ status: 0 });
});

test("the gate waits for a droplet that is off only while it restarts", async () => {
  registerAfter(4);
  // Before every odd look, and on before every even one.
  const restarts = setInterval(() => {
    droplet.status = looks() % 2 === 0 ? "off" : "active";
  }, 5);
  expect(await awaitNode()).toMatchObject({ status: 0 });
  clearInterval(restarts);
});

test.each<[string, Record<string, string>, () => void, string]>([
  [
    "DigitalOcean denies it",
    {},
    () => {
      stage().world.digitalocean.behaviour.access = "none";
    },
    "DigitalOcean answers 401",
  ],
  ["there is no token", { DIGITALOCEAN_TOKEN: "" }, () => undefined, "DIGITALOCEAN_TOKEN is not set"],
  [
    "DigitalOcean cannot be reached",
    { DIGITALOCEAN_API_URL: "http://127.0.0.1:1" },
    () => undefined,
    "DigitalOcean cannot be reached (curl: (7) ",
  ],
])(
  "a gate that can't look at its droplet because %s says so once and keeps waiting",
  async (_, over, arrange, why) => {
    arrange();
    droplet.status = "off";
    const { status, output } = await awaitNode({ TIMEOUT_SECONDS: "4", ...over });
    expect(status).toBe(1);
    expect(output.split(`cannot tell whether the droplet ${droplet.id} is on: ${why}`)).toHaveLength(2);
    expect(verdictOf(output)?.[1]).toContain("If it is only late, run again");
  },
);

test("a failure that differs from the last only by its milliseconds isn't reported again", async () => {
  const bin = mkdtempSync(join(tmpdir(), "curl-"));
  const curl =
    'printf x >>"$0.calls"; echo "curl: (7) Failed to connect after $(wc -c <"$0.calls") ms: refused"; exit 7';
  writeFileSync(join(bin, "curl"), `#!/bin/sh\n${curl}\n`, { mode: 0o755 });
  const { output } = await awaitNode({
    TIMEOUT_SECONDS: "3",
    PATH: [bin, stage().bin, process.env["PATH"]].join(":"),
  });
  expect(readFileSync(join(bin, "curl.calls"), "utf8").length).toBeGreaterThan(1);
  expect(output.match(/cannot tell whether .*/g)).toEqual([
    `cannot tell whether the droplet ${droplet.id} is on: DigitalOcean cannot be reached (curl: (7) Failed to connect: refused). Still waiting.`,
  ]);
  rmSync(bin, { recursive: true });
});

test("the provider's other variable for the token is accepted, and the token is in no output", async () => {
  droplet.status = "off";
  const { output } = await awaitNode({ DIGITALOCEAN_TOKEN: "", DIGITALOCEAN_ACCESS_TOKEN: "secret-token" });
  expect(output).toContain(off());
  expect(output).not.toContain("secret-token");
});

test("a node that is up from the start costs no look at its droplet", async () => {
  register(stage().world);
  expect(await awaitNode()).toMatchObject({ status: 0 });
  expect(looks()).toBe(0);
});
