import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { Ended } from "../../demo/command";
import type { Entry } from "../../local-cloud/world";
import { findSite, listDroplets } from "../support/observation/clouds";
import { eventually } from "../support/jest/eventually";
import { callsOf, names } from "../support/observation/journal";
import { startLifeCycle, type LifeCycle } from "../support/deployments/life-cycle";
import { dropletSite, machineOf, raised } from "../support/observation/nodes";
import { signWithKeyOfAllFates, signWithNewKey } from "../support/bootstrap/signing";
import { said } from "../support/deployments/terraform-output";

/** The journal shows its first action. */
const script = readFileSync(resolve("local-cloud/nodes/origin/installer.sh"), "utf8").replace(
  "set -euo pipefail\n",
  "$&systemctl is-active installer-runs || true\n",
);
const signed = signWithKeyOfAllFates(script);

interface Published {
  readonly script: string;
  /** Null where there is none. */
  readonly signature: string | null;
  readonly publicKey: string;
}

const right: Published = { script, signature: signed.signature, publicKey: signed.publicKeys.valid };

/** The published installer, by the node that gets it, and why that node refuses it. */
const refusals: Readonly<Record<string, readonly [string, () => Published, string]>> = {
  tampered: [
    "was changed after it was signed",
    () => ({ ...right, script: `${script}# one more line\n` }),
    "signature: the installer does not match its signature: refused",
  ],
  unsigned: [
    "comes with an empty signature",
    () => ({ ...right, signature: "" }),
    "signature: the installer has no valid signature: refused",
  ],
  other: [
    "is signed by another key, published beside the pinned one",
    () => {
      const other = signWithNewKey(script);
      return { script, signature: other.signature, publicKey: right.publicKey + other.publicKey };
    },
    "signature: the installer was signed by ",
  ],
  expired: [
    "is signed by the pinned key, which has expired",
    () => ({ ...right, publicKey: signed.publicKeys.expired }),
    "signature: the installer's signing key has expired: refused",
  ],
  revoked: [
    "is signed by the pinned key, which was revoked",
    () => ({ ...right, publicKey: signed.publicKeys.revoked }),
    "signature: the installer's signing key has been revoked: refused",
  ],
  missing: [
    "has no signature beside it",
    () => ({ ...right, signature: null }),
    "installer: download https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh.asc installer.asc failed 5 times",
  ],
};
const nodes = Object.keys(refusals);
const sites = { refused: dropletSite(...nodes) };

let life: LifeCycle;

beforeAll(async () => {
  life = await startLifeCycle({
    name: "installer",
    sites,
    environment: { installer: { signingKey: signed.fingerprint } },
  });
}, 600_000);

afterEach(() => life.cloud.admin.clearFaults());

afterAll(() => life.stop());

async function publish({ script: body, signature, publicKey }: Published): Promise<void> {
  const { admin } = life.cloud;
  const installer = "/ecs-anywhere-install-latest.sh";
  await admin.serve({ path: installer, body });
  await admin.serve({ path: `${installer}.asc`, body: signature });
  await admin.serve({ path: "/aws/amazon-ecs-agent/master/scripts/amazon-ecs-agent.gpg", body: publicKey });
}

const find = (site: string) => findSite(life.cloud, life.deployment, site);
const eventsOf = (journal: readonly Entry[], machine: string) =>
  journal.filter(({ service, caller }) => service === "machine" && caller === machine);
const runsOf = (events: readonly Entry[]) => events.filter((event) => names(event, "installer-runs"));

describe("a machine", () => {
  let ended: Ended;

  // They boot one after the other, each with something else published.
  beforeAll(async () => {
    await life.cloud.admin.inject({
      match: { service: "machine", operation: "boot" },
      times: nodes.length,
      effect: { kind: "error", status: 500, code: "dark", message: "no power" },
    });
    ended = await life.site("refused").apply({ TIMEOUT_SECONDS: "1" });
  }, 600_000);

  test.each(nodes.map((node) => [refusals[node]?.[0] ?? "", node]))(
    "executes nothing of an installer that %s, and says why on its console",
    async (_, node) => {
      const [, published, reason] = refusals[node] ?? ["", () => right, ""];
      await publish(published());
      const machine = await machineOf(life, "refused", node);
      const mark = await life.mark();
      await life.cloud.admin.machine(machine, "power-on");
      const failure = await eventually(`${machine} has given up`, async () =>
        eventsOf(await life.since(mark), machine).find(({ name }) => name === "failed"),
      );
      const verdict = `anywhere: FAILED ${reason}`;
      expect(failure.detail).toMatchObject({
        exitCode: 1,
        line: expect.stringContaining(verdict) as unknown,
      });
      expect(await life.cloud.admin.console(machine)).toContain(verdict);

      const journal = await life.since(mark);
      const events = eventsOf(journal, machine);
      expect(runsOf(events)).toEqual([]);
      expect(events.filter(({ name }) => name === "amazon-ssm-agent" || name === "docker")).toEqual([]);
      expect(callsOf(journal, "RegisterManagedInstance")).toEqual([]);
      expect(ended.exitCode).toBe(1);
      expect(said(ended, "registration", node).at(-1)).toMatch(
        /^FAILED: after \d+ s, the machine has never used/,
      );
    },
    600_000,
  );

  test("that refused its installer switches itself off; its gate notices at once, and says where to find the reason", async () => {
    const machines = await Promise.all(nodes.map((node) => machineOf(life, "refused", node)));
    await eventually("all of them are off", async () => {
      const droplets = await listDroplets(life.cloud, "shop--refused--");
      return droplets.every(({ status }) => status === "off") ? droplets : undefined;
    });
    expect(await life.changes("compute-refused")).toEqual(
      Object.fromEntries(nodes.map((node) => [`null_resource.registration["${node}"]`, "delete, create"])),
    );
    // Else each gate would wait for fifteen minutes.
    const again = await life.site("refused").apply();
    expect(again.exitCode).toBe(1);
    nodes.forEach((node, index) => {
      const id = machines[index]?.replace("droplet-", "");
      expect(said(again, "registration", node).at(-1)).toMatch(
        new RegExp(
          `^FAILED: after \\d{1,2} s, the machine has never used its activation .*The droplet ${id} is off\\. ` +
            ".*it refused to become a node, or failed: .*Recovery Console",
        ),
      );
    });
  }, 600_000);

  test("that refused its installer is replaced when `replacement` is raised after the right one is published", async () => {
    expect(await find("refused")).toMatchObject({ managedInstances: [], containerInstances: [] });
    const machines = await Promise.all(nodes.map((node) => machineOf(life, "refused", node)));
    await publish(right);
    life.configure({ refused: raised(sites.refused, ...nodes) });
    await life.deployActivations();
    const mark = await life.mark();
    expect(await life.site("refused").apply()).toSucceed();
    const after = await find("refused");
    expect(after.containerInstances).toMatchObject(
      [...nodes].sort().map((node) => ({ node, status: "ACTIVE", connected: true })),
    );
    expect(after.managedInstances).toEqual(
      after.containerInstances.map(({ managedInstance }) => managedInstance).sort(),
    );
    expect(runsOf(await life.since(mark))).toHaveLength(nodes.length);
    const droplets = await listDroplets(life.cloud, "shop--refused--");
    expect(droplets).toHaveLength(nodes.length);
    expect(droplets.filter(({ id }) => machines.includes(`droplet-${id}`))).toEqual([]);
  }, 600_000);
});
