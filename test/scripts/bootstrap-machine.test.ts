import { afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  activationId,
  bootstrapSettings,
  hardware,
  installer,
  lastLine,
  Machine,
  machineId,
} from "../support/bootstrap/machine";
import { checkpoint, expectRefusal, marker, vault } from "../support/bootstrap/refusal";
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
  node.bootstrap({ ...bootstrapSettings(signed.fingerprint), ...overrides });

const another = "0a1b2c3d-0000-4000-8000-000000000002";

const expectRefused = (reason: string) => expectRefusal(node, bootstrap, `identity: ${reason}`);
const mark = (activation: string) => `${activation}\n${hardware}${machineId}`;

async function expectRegisteredAnew(): Promise<void> {
  expect(await bootstrap()).toMatchObject({ status: 0 });
  expect(node.read("installer-arguments")).toContain(activationId);
  expect(node.read(marker).split("\n")[0]).toBe(activationId);
  expect(node.exists(checkpoint)).toBe(false);
}

describe("a machine that has an identity", () => {
  const somebodyElse =
    "somebody else has registered this machine, or the one that it was cloned from: deregister it there, " +
    "and remove both /var/lib/amazon/ssm/Vault and /var/lib/ecs/data";
  const damaged =
    "/etc/ecs/anywhere.activation is damaged, and only it says who has registered this machine. If it may " +
    "be registered anew, deregister it, and remove /etc/ecs/anywhere.activation, /var/lib/amazon/ssm/Vault and " +
    "/var/lib/ecs/data";
  const identities = [
    ["in Systems Manager and ECS", [vault, checkpoint]],
    ["in Systems Manager alone", [vault]],
    ["in ECS alone", [checkpoint]],
  ] as const;

  test.each(identities)(
    "%s, without a mark of ours, is refused before anything is changed",
    async (_, files) => {
      files.forEach((file) => {
        node.write(file, "{}");
      });
      await expectRefused(somebodyElse);
    },
  );

  test.each(
    identities.flatMap(([name, files]) =>
      [
        ["empty", ""],
        ["cut off", another.slice(0, 20)],
        ["of zeros", "\0".repeat(37)],
      ].map(([damage = "", content = ""]) => [name, damage, content, files] as const),
    ),
  )("%s is refused when its mark is damaged: %s", async (_, __, content, files) => {
    [...files].forEach((file) => {
      node.write(file, "{}");
    });
    node.write(marker, content);
    await expectRefused(damaged);
  });

  test("is refused when its mark cannot be read", async () => {
    node.write(vault, "{}");
    node.write(`${marker}/file`, "");
    const { status, output } = await bootstrap();
    expect(status).toBe(1);
    expect(lastLine(output)).toContain("anywhere.activation is damaged");
    expect(node.read(vault)).toBe("{}");
  });

  test.each(identities)(
    "%s, which another activation of ours has given, loses all of it and its containers first",
    async (_, files) => {
      node.write(marker, `${another}\n`);
      files.forEach((file) => {
        node.write(file, "{}");
      });
      await expectRegisteredAnew();
      expect(node.read("installer-found")).toBe("");
      expect(node.journal).toContain("systemctl stop ecs amazon-ssm-agent");
      expect(node.journal).toContain("docker rm --force 0123456789ab");
    },
  );

  test("in ECS alone, which its own activation has given, loses it", async () => {
    node.write(marker, `${activationId}\n`);
    node.write(checkpoint, "{}");
    await expectRegisteredAnew();
  });

  test("which its own activation has given keeps it", async () => {
    await bootstrap();
    node.write(checkpoint, "{}");
    node.forget("journal");
    expect(await bootstrap()).toMatchObject({ status: 0 });
    expect(node.exists(checkpoint)).toBe(true);
    expect(node.journal).not.toContain("systemctl stop ecs amazon-ssm-agent");
  });
});

describe("a machine that a node's disk was copied to", () => {
  const origin = `${another}\n${hardware}`;
  const copy = () => {
    node.write(vault, "{}");
    node.write(checkpoint, "{}");
    node.write("sys/class/dmi/id/product_uuid", "another\n");
  };

  test("is refused with the activation that the node has used, and stays as it is", async () => {
    copy();
    node.write(marker, mark(activationId));
    await expectRefused(
      "this machine was copied from the node that used this activation, which works once: give it a node of its own, " +
        "or replace the node (npm run deploy -- --replace nyc3/node-1), and run again with the new activation",
    );
  });

  test("loses all that the node was with an activation of its own, and the machine id that both had", async () => {
    copy();
    node.write(marker, mark(another));
    await expectRegisteredAnew();
    expect(node.read("etc/machine-id")).toBe("fedcba9876543210fedcba9876543210\n");
    expect(node.read(marker)).toBe(`${activationId}\nanother\n${node.read("etc/machine-id")}`);
  });

  test("keeps a machine id that it has got already", async () => {
    copy();
    node.write(marker, `${origin}ffffffffffffffffffffffffffffffff\n`);
    await expectRegisteredAnew();
    expect(node.read("etc/machine-id")).toBe(machineId);
  });

  test.each([
    ["whose mark an earlier release has written", `${activationId}\n`, "another\n"],
    ["whose hardware has no number", mark(activationId), ""],
  ])("is taken for the node itself %s", async (_, marked, number) => {
    copy();
    node.write("sys/class/dmi/id/product_uuid", number);
    node.write(marker, marked);
    expect(await bootstrap()).toMatchObject({ status: 0 });
    expect(node.exists(checkpoint)).toBe(true);
    expect(node.read("etc/machine-id")).toBe(machineId);
  });
});

test("a run that ended between its mark and its registration goes on with the next", async () => {
  node.write("installer-fails", "");
  expect(await bootstrap()).toMatchObject({ status: 1 });
  expect(node.read(marker)).toBe(mark(activationId));
  node.forget("installer-fails");
  await expectRegisteredAnew();
});

test("a damaged mark of a machine without an identity is replaced, since there is nothing to lose", async () => {
  node.write(marker, "");
  await expectRegisteredAnew();
  expect(node.list("etc/ecs").sort()).toEqual(["anywhere.activation", "ecs.config"]);
});
