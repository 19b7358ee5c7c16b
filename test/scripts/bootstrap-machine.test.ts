import { describe, expect, test } from "@jest/globals";
import { activationId, hardware, lastLine, machineId } from "../support/bootstrap/machine";
import { checkpoint, expectRefusal, marker, vault } from "../support/bootstrap/refusal";
import { useMachine } from "../support/bootstrap/use-machine";

const stage = useMachine();

const { bootstrap } = stage;

const another = "0a1b2c3d-0000-4000-8000-000000000002";

const expectRefused = (reason: string) => expectRefusal(stage.machine, bootstrap, `identity: ${reason}`);
const mark = (activation: string) => `${activation}\n${hardware}${machineId}`;

async function expectRegisteredAnew(): Promise<void> {
  expect(await bootstrap()).toMatchObject({ status: 0 });
  expect(stage.machine.read("installer-arguments")).toContain(activationId);
  expect(stage.machine.read(marker).split("\n")[0]).toBe(activationId);
  expect(stage.machine.exists(checkpoint)).toBe(false);
}

describe("a machine that has an identity", () => {
  const somebodyElse =
    "this machine, or the one it was cloned from, was registered by someone else: deregister it there, " +
    "and remove both /var/lib/amazon/ssm/Vault and /var/lib/ecs/data";
  const damaged =
    "/etc/ecs/anywhere.activation is damaged, and nothing else says who registered this machine. If it may " +
    "be registered again, deregister it, and remove /etc/ecs/anywhere.activation, /var/lib/amazon/ssm/Vault and " +
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
        stage.machine.write(file, "{}");
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
      stage.machine.write(file, "{}");
    });
    stage.machine.write(marker, content);
    await expectRefused(damaged);
  });

  test("is refused when its mark cannot be read", async () => {
    stage.machine.write(vault, "{}");
    stage.machine.write(`${marker}/file`, "");
    const { status, output } = await bootstrap();
    expect(status).toBe(1);
    expect(lastLine(output)).toContain("anywhere.activation is damaged");
    expect(stage.machine.read(vault)).toBe("{}");
  });

  test.each(identities)(
    "%s, from another activation of ours, loses all of it and its containers before it registers",
    async (_, files) => {
      stage.machine.write(marker, `${another}\n`);
      files.forEach((file) => {
        stage.machine.write(file, "{}");
      });
      await expectRegisteredAnew();
      expect(stage.machine.read("installer-found")).toBe("");
      expect(stage.machine.journal).toContain("systemctl stop ecs amazon-ssm-agent");
      expect(stage.machine.journal).toContain("docker rm --force 0123456789ab");
    },
  );

  test("in ECS alone, from its own activation, loses it", async () => {
    stage.machine.write(marker, `${activationId}\n`);
    stage.machine.write(checkpoint, "{}");
    await expectRegisteredAnew();
  });

  test("from its own activation keeps it", async () => {
    await bootstrap();
    stage.machine.write(checkpoint, "{}");
    stage.machine.forget("journal");
    expect(await bootstrap()).toMatchObject({ status: 0 });
    expect(stage.machine.exists(checkpoint)).toBe(true);
    expect(stage.machine.journal).not.toContain("systemctl stop ecs amazon-ssm-agent");
  });
});

describe("a machine with a copy of a node's disk", () => {
  const origin = `${another}\n${hardware}`;
  const copy = () => {
    stage.machine.write(vault, "{}");
    stage.machine.write(checkpoint, "{}");
    stage.machine.write("sys/class/dmi/id/product_uuid", "another\n");
  };

  test("is refused with the activation that the node has used, and isn't changed", async () => {
    copy();
    stage.machine.write(marker, mark(activationId));
    await expectRefused(
      "this machine was copied from the node that used this activation, which works once: give it a node of its own, " +
        "or replace the node (npm run deploy -- --replace nyc3/node-1), and run again with the new activation",
    );
  });

  test("loses the node's whole identity with an activation of its own, the machine id included", async () => {
    copy();
    stage.machine.write(marker, mark(another));
    await expectRegisteredAnew();
    expect(stage.machine.read("etc/machine-id")).toBe("fedcba9876543210fedcba9876543210\n");
    expect(stage.machine.read(marker)).toBe(
      `${activationId}\nanother\n${stage.machine.read("etc/machine-id")}`,
    );
  });

  test("keeps a machine id that is already its own", async () => {
    copy();
    stage.machine.write(marker, `${origin}ffffffffffffffffffffffffffffffff\n`);
    await expectRegisteredAnew();
    expect(stage.machine.read("etc/machine-id")).toBe(machineId);
  });

  test.each([
    ["whose mark an earlier release has written", `${activationId}\n`, "another\n"],
    ["whose hardware has no number", mark(activationId), ""],
  ])("%s is taken for the node itself", async (_, marked, number) => {
    copy();
    stage.machine.write("sys/class/dmi/id/product_uuid", number);
    stage.machine.write(marker, marked);
    expect(await bootstrap()).toMatchObject({ status: 0 });
    expect(stage.machine.exists(checkpoint)).toBe(true);
    expect(stage.machine.read("etc/machine-id")).toBe(machineId);
  });
});

test("a run that ended between its mark and its registration is completed by the next", async () => {
  stage.machine.write("installer-fails", "");
  expect(await bootstrap()).toMatchObject({ status: 1 });
  expect(stage.machine.read(marker)).toBe(mark(activationId));
  stage.machine.forget("installer-fails");
  await expectRegisteredAnew();
});

test("a damaged mark is replaced on a machine without an identity, since there is nothing to lose", async () => {
  stage.machine.write(marker, "");
  await expectRegisteredAnew();
  expect(stage.machine.list("etc/ecs").sort()).toEqual(["anywhere.activation", "ecs.config"]);
});
