import { DeleteActivationCommand, DeregisterManagedInstanceCommand } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Ended } from "../../demo/command";
import { callAsAgent } from "../support/stages/agent";
import { listManagedInstances, nothing } from "../support/observation/clouds";
import { eventually } from "../support/jest/eventually";
import { awaitCall, callsOf, endOfNode, names, wholeEnd } from "../support/observation/journal";
import { lanes } from "../support/jest/lanes";
import type { Activation } from "../support/deployments/life-cycle";
import {
  dropletSite,
  machineOf,
  nodesOf,
  raised,
  type RegisteredNode,
  type RegisteredNodes,
} from "../support/observation/nodes";
import {
  impatient,
  remedy,
  startObservedLife,
  type ObservedLife,
} from "../support/deployments/observed-life";
import { serverSite, serverScript } from "../support/deployments/servers";
import { said } from "../support/deployments/terraform-output";

const sites = {
  dark: dropletSite("late", "later"),
  spent: dropletSite("expired", "gone", "silent", "lost"),
  purged: dropletSite("node-1"),
  berlin: serverSite("rack-1", "rack-2"),
};
const spent = ["expired", "gone", "lost", "silent"];
const servers = ["rack-1", "rack-2"];

jest.setTimeout(600_000);

let life: ObservedLife;

beforeAll(async () => {
  life = await startObservedLife({ name: "registration", sites });
});

afterAll(() => life.stop());

const first = lanes();
/** One change of the configuration, and of the activations, for all sites. */
const then = lanes(async () => {
  await first.end();
  expect(await life.changes("activations")).toEqual({
    'aws_ssm_activation.node["purged/node-1"]': "create",
  });
  life.configure({ spent: raised(sites.spent, ...spent), berlin: serverSite("rack-1") });
  await life.deployActivations();
});

const up = (node: string) => ({ node, status: "ACTIVE", connected: true });
/** The last message of a node's gate, without the time that it took. */
const verdictOf = (ended: Ended, node: string) =>
  said(ended, "registration", node)
    .at(-1)
    ?.replace(/^FAILED: after \d+ s, /, "");
const awaitConnected = (site: string, node: string) =>
  eventually(`${site}/${node} is connected`, async () =>
    (await life.find(site)).containerInstances.find((one) => one.node === node && one.connected),
  );

describe("a machine that does not boot", () => {
  test(
    "fails its gate in bounded time, which says that it has never used its activation",
    first("dark", async () => {
      await life.cloud.admin.inject({
        match: { service: "machine", operation: "boot", contains: "shop--dark--" },
        times: 2,
        effect: { kind: "error", status: 500, code: "dark", message: "no power" },
      });
      const ended = await life.site("dark").apply(impatient);
      expect(ended.exitCode).toBe(1);
      for (const node of ["late", "later"]) {
        const { id } = await life.activation(`dark/${node}`);
        expect(verdictOf(ended, node)).toBe(
          `the machine has never used its activation ${id}, which is still valid. ` +
            "Read the machine's /var/log/anywhere-bootstrap.log. If it is only late, run again; else " +
            `${remedy("dark", node)}.`,
        );
      }
      expect(await life.find("dark")).toEqual({
        ...nothing,
        droplets: ["shop--dark--late", "shop--dark--later"],
      });
    }),
  );

  test(
    "passes its gate when it boots later and the apply runs again, which replaces only the gate",
    first("dark", async () => {
      const { admin } = life.cloud;
      const droplets = await life.droplets("dark");
      await admin.machine(await machineOf(life, "dark", "later"), "power-on");
      await awaitConnected("dark", "later");
      expect(await life.changes("compute-dark")).toEqual({
        'null_resource.registration["late"]': "delete, create",
        'null_resource.registration["later"]': "delete, create",
      });
      // This one boots while its gate waits.
      await admin.machine(await machineOf(life, "dark", "late"), "power-on");
      expect(await life.site("dark").apply()).toSucceed();
      expect((await life.find("dark")).containerInstances).toMatchObject([up("late"), up("later")]);
      expect(await life.droplets("dark")).toEqual(droplets);
      expect(await life.changes("compute-dark")).toEqual({});
      await life.expectDestroyed("dark");
    }),
  );
});

describe("an activation that can no longer be used", () => {
  let ended: Ended;
  let activations: readonly Activation[];
  let silent: string;
  let droplets: readonly { readonly id: number }[];

  const useUp = async ({ id, code }: Activation): Promise<string> => {
    const input = { ActivationId: id, ActivationCode: code, Fingerprint: "somebody else's" };
    const answer = await callAsAgent(life.cloud, "AmazonSSM.RegisterManagedInstance", input);
    return (answer as { InstanceId: string }).InstanceId;
  };

  beforeAll(
    first("spent", async () => {
      const { admin } = life.cloud;
      const [expired, gone, silenced, lost] = await Promise.all(
        ["expired", "gone", "silent", "lost"].map((node) => life.activation(`spent/${node}`)),
      );
      if (!expired || !gone || !silenced || !lost) {
        throw new Error("four nodes have four activations");
      }
      activations = [expired, gone, silenced, lost];
      await admin.expireActivation(expired.id);
      await life.clients.ssm.send(new DeregisterManagedInstanceCommand({ InstanceId: await useUp(gone) }));
      silent = await useUp(silenced);
      await admin.inject({
        match: { service: "ssm", operation: "RegisterManagedInstance", contains: lost.id },
        times: 1,
        effect: { kind: "lost-answer" },
      });
      const mark = await life.mark();
      expect(await life.site("spent").apply(impatient)).toMatchObject({ exitCode: 1 });
      await awaitCall(life, mark, "RegisterManagedInstance", lost.id);
      ended = await life.site("spent").apply(impatient);
      droplets = await life.droplets("spent");
    }),
  );

  const verdict = (node: string) => verdictOf(ended, node);

  test("because it has expired is reported as expired, with the advice to replace the node", () => {
    expect(ended.exitCode).toBe(1);
    expect(verdict("expired")).toBe(
      `the activation ${activations[0]?.id} expired before the machine used it. ` +
        `A new machine needs a new one: ${remedy("spent", "expired")}.`,
    );
  });

  test("because a machine that is gone has used it is reported as used, with the advice to replace the node", () => {
    expect(verdict("gone")).toBe(
      `the activation ${activations[1]?.id} has been used, but by a machine that never ` +
        `appeared or has gone since. It works only once: ${remedy("spent", "gone")}.`,
    );
  });

  test("because an unresponsive machine has used it is reported with that machine and the advice to replace the node", () => {
    expect(verdict("silent")).toContain(
      `${silent} is registered with Systems Manager, but its ping status is ConnectionLost, not Online.`,
    );
    expect(verdict("silent")).toContain(remedy("spent", "silent"));
  });

  test(
    "because the response to its use was lost is reported with the registration and the advice to replace the node",
    first("spent", async () => {
      const used = await life.usersOf(activations[3]?.id ?? "");
      expect(used).toHaveLength(1);
      expect(verdict("lost")).toContain(
        `${used[0]} is registered with Systems Manager, but its ping status is`,
      );
      expect(verdict("lost")).toContain(remedy("spent", "lost"));
      const { containerInstances, managedInstances } = await life.find("spent");
      expect(containerInstances).toEqual([]);
      expect(managedInstances).toEqual([silent, ...used].sort());
    }),
  );

  test(
    "is replaced with its machine when `replacement` is raised, and whatever has used it is deregistered",
    then("spent", async () => {
      const before = await life.find("spent");
      const foreign = await life.cloud.admin.seedForeign(life.deployment);
      expect(await life.site("spent").apply()).toSucceed();

      const after = await life.find("spent");
      expect(after.containerInstances).toMatchObject(spent.map(up));
      expect(after.managedInstances).toEqual(
        after.containerInstances.map(({ managedInstance }) => managedInstance).sort(),
      );
      expect(after.managedInstances.filter((id) => before.managedInstances.includes(id))).toEqual([]);
      const old = droplets.map(({ id }) => id);
      const successors = await life.droplets("spent");
      expect(successors).toHaveLength(4);
      expect(successors.filter(({ id }) => old.includes(id))).toEqual([]);
      expect(await listManagedInstances(life.clients.ssm)).toEqual(
        expect.arrayContaining([...foreign.managedInstances]),
      );
    }),
  );
});

describe("an activation that is purged while its node lives", () => {
  let id: string;
  let node: RegisteredNode;

  test(
    "replaces nothing, and is created again",
    first("purged", async () => {
      expect(await life.site("purged").apply()).toSucceed();
      node = (await nodesOf(life, "purged"))("node-1");
      ({ id } = await life.activation("purged/node-1"));
      await life.clients.ssm.send(new DeleteActivationCommand({ ActivationId: id }));
      expect(await life.changes("compute-purged")).toEqual({});
    }),
  );

  test(
    "leaves its node findable by its tag and its attributes",
    then("purged", async () => {
      expect((await life.activation("purged/node-1")).id).not.toBe(id);
      const droplets = await life.droplets("purged");
      expect(await life.site("purged").apply()).toSucceed();
      expect(await life.droplets("purged")).toEqual(droplets);
      expect((await nodesOf(life, "purged"))("node-1")).toEqual(node);

      const mark = await life.mark();
      await life.expectDestroyed("purged");
      const journal = await life.since(mark);
      expect(endOfNode(journal, node)).toEqual(wholeEnd);
      const lookUps = callsOf(journal, "DescribeInstanceInformation");
      // By the deregistration and by the guard.
      expect(lookUps.filter((call) => names(call, id))).toHaveLength(2);
      expect(lookUps.filter((call) => names(call, "shop/purged/node-1/"))).toHaveLength(2);
    }),
  );
});

describe("servers on premises", () => {
  let nodes: RegisteredNodes;

  test(
    "are awaited while they run the bootstrap with their activations",
    first("berlin", async () => {
      const { admin } = life.cloud;
      for (const node of servers) {
        const userData = await serverScript(life, "berlin", node);
        await admin.bootMachine({ name: node, hostname: node, userData, publicIp: "192.0.2.1" });
      }
      expect(await life.site("berlin").apply()).toSucceed();
      const { droplets, ...registered } = await life.find("berlin");
      expect(registered.containerInstances).toMatchObject(servers.map(up));
      expect(registered.managedInstances).toHaveLength(2);
      expect(droplets).toEqual([]);
      expect(await life.changes("compute-berlin")).toEqual({});
      nodes = await nodesOf(life, "berlin");
    }),
  );

  test(
    "are deregistered one by one as they leave the configuration or are destroyed, and keep running",
    then("berlin", async () => {
      const [stays, leaves] = [nodes("rack-1"), nodes("rack-2")];
      const mark = await life.mark();
      expect(await life.site("berlin").apply()).toSucceed();
      expect(await life.find("berlin")).toMatchObject({
        managedInstances: [stays.managedInstance],
        containerInstances: [{ arn: stays.arn, status: "ACTIVE", connected: true }],
      });
      expect(endOfNode(await life.since(mark), leaves)).toEqual(wholeEnd);
      expect(endOfNode(await life.since(mark), stays)).toEqual([]);

      await life.expectDestroyed("berlin");
      expect(endOfNode(await life.since(mark), stays)).toEqual(wholeEnd);
      const events = (await life.since(mark)).filter(
        ({ kind, caller }) => kind === "event" && caller === "rack-1",
      );
      expect(events).toEqual([]);
      await Promise.all(servers.map((server) => life.cloud.admin.destroyMachine(server)));
    }),
  );
});
