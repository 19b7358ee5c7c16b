import { afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { activationId, bootstrapSettings, installer, lastLine, Machine } from "../support/bootstrap/machine";
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

const marker = "etc/ecs/anywhere.activation";
const vault = "var/lib/amazon/ssm/Vault/Store/RegistrationKey";
const checkpoint = "var/lib/ecs/data/agent.db";
const another = "0a1b2c3d-0000-4000-8000-000000000002";

/** Nothing has been used up or taken away: the machine's own files are as they were. */
async function expectRefused(reason: string): Promise<void> {
  const kept = [marker, vault, checkpoint].map((file) => node.read(file));
  const { status, output } = await bootstrap();
  expect({ status, last: lastLine(output)?.replaceAll(`${node.root}/`, "/") }).toEqual({
    status: 1,
    last: `anywhere: FAILED ${reason}`,
  });
  expect([marker, vault, checkpoint].map((file) => node.read(file))).toEqual(kept);
  expect(node.exists("installer-arguments")).toBe(false);
  expect(node.journal.filter((call) => !/^(uname|df) /.test(call))).toEqual([]);
}

async function expectRegisteredAnew(): Promise<void> {
  expect(await bootstrap()).toMatchObject({ status: 0 });
  expect(node.read("installer-arguments")).toContain(activationId);
  expect(node.read(marker)).toBe(`${activationId}\n`);
  expect(node.exists(checkpoint)).toBe(false);
}

describe("a machine that has an identity", () => {
  const somebodyElse =
    "identity: somebody else has registered this machine, or the one that it was cloned from: deregister it there, " +
    "and remove both /var/lib/amazon/ssm/Vault and /var/lib/ecs/data";
  const damaged =
    "identity: /etc/ecs/anywhere.activation is damaged, and only it says who has registered this machine. If it may " +
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

test("a run that ended between its mark and its registration goes on with the next", async () => {
  node.write("installer-fails", "");
  expect(await bootstrap()).toMatchObject({ status: 1 });
  expect(node.read(marker)).toBe(`${activationId}\n`);
  node.forget("installer-fails");
  await expectRegisteredAnew();
});

test("a damaged mark of a machine without an identity is replaced, since there is nothing to lose", async () => {
  node.write(marker, "");
  await expectRegisteredAnew();
  expect(node.list("etc/ecs").sort()).toEqual(["anywhere.activation", "ecs.config"]);
});

test.each([
  [
    "whose kernel does not limit memory",
    () => {
      node.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n");
    },
    "the kernel does not limit containers' memory: add cgroup_enable=memory to its command line, restart, and run again",
  ],
  [
    "whose kernel does not limit memory, with cgroups of version 1",
    () => {
      node.forget("sys/fs/cgroup/cgroup.controllers");
      node.write("proc/cgroups", "#subsys_name hierarchy num_cgroups enabled\ncpu 1 1 1\nmemory 0 1 0\n");
    },
    "the kernel does not limit containers' memory: add cgroup_enable=memory to its command line, restart, and run again",
  ],
  [
    "whose disk is nearly full",
    () => {
      node.write("free", "Avail\n1048575\n");
    },
    "/var/lib has 1023 MiB left, of which agents and images need 1024: make room",
  ],
  [
    "with AWS credentials of its own",
    () => {
      node.write("root/.aws/credentials", "[default]\n");
    },
    "/root/.aws/credentials holds other AWS credentials, which the agents would take for the node's: move them away",
  ],
  [
    "whose agent has AWS credentials of its own",
    () => {
      node.write("etc/ecs/ecs.config", "AWS_ACCESS_KEY_ID=AKIA\n");
    },
    "/etc/ecs/ecs.config holds AWS credentials, which the agent would take for the node's: remove them",
  ],
])("a machine %s is refused before anything is changed", async (_, arrange, reason) => {
  arrange();
  await expectRefused(`machine: ${reason}`);
});

test("cgroups of version 1 that limit memory are enough", async () => {
  node.forget("sys/fs/cgroup/cgroup.controllers");
  node.write("proc/cgroups", "#subsys_name hierarchy num_cgroups enabled\nmemory 4 28 1\n");
  expect(await bootstrap()).toMatchObject({ status: 0 });
});

test("the credentials that a node's own agent keeps refuse nobody", async () => {
  await bootstrap();
  node.write("root/.aws/credentials", "[default]\n");
  expect(await bootstrap()).toMatchObject({ status: 0 });
});

test.each(["5 minutes", "-5 minutes"])(
  "a clock that is %s off is refused before the activation is used",
  async (off) => {
    node.write("clock", off);
    const { status, output } = await bootstrap();
    expect(status).toBe(1);
    expect(lastLine(output)).toMatch(/^anywhere: FAILED clock: the clock is (29[5-9]|30\d) s off: set it/);
    expect(node.exists("installer-arguments")).toBe(false);
  },
);

test("a clock that is three minutes off is good enough", async () => {
  node.write("clock", "3 minutes");
  expect(await bootstrap()).toMatchObject({ status: 0 });
});
