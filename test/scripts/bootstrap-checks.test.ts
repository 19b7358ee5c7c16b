import { describe, expect, test } from "@jest/globals";
import { lastLine } from "../support/bootstrap/machine";
import { expectRefusal } from "../support/bootstrap/refusal";
import { useMachine } from "../support/bootstrap/use-machine";

const stage = useMachine();

const { bootstrap } = stage;
const write =
  (...files: readonly (readonly [path: string, content: string])[]) =>
  () => {
    files.forEach(([path, content]) => {
      stage.machine.write(path, content);
    });
  };
const packages = (...names: readonly string[]) =>
  names.map((name) => `Package: ${name}\nStatus: install ok installed\nVersion: 1\n`).join("\n");
const ipv6 = "0".repeat(32);
/** Routes of a machine whose way out is by IPv6 alone. */
const ipv6Routes = [
  ["proc/net/route", "Iface Destination Gateway Flags\neth0 0000A8C0 00000000 1 0 0 0 00FFFFFF\n"],
  ["proc/net/ipv6_route", `${ipv6} 00 ${ipv6} 00 fe8000000000000000000000000000001 1 1 0 3 eth0\n`],
] as const;
const mapped = ["addresses", "::ffff:192.0.2.1 STREAM ssm.us-east-1.amazonaws.com\n"] as const;
const roleKeys = ["metadata/web-role", '{\n  "Code" : "Success",\n  "AccessKeyId" : "ASIA"\n}'] as const;
const podman = '#!/bin/sh\n[ -e /etc/containers/nodocker ] || echo "Emulate Docker CLI using podman." >&2\n';

const mistaken = "which the agents would take for the node's";
const noLimits =
  "machine: the kernel does not limit containers' memory: add cgroup_enable=memory to its command line, restart, and run again";
const webRole = `credentials: the machine's metadata service gives AWS credentials of the role web-role, ${mistaken}: remove that role from the machine`;
const holds = (file: string) => `machine: ${file} holds AWS credentials, ${mistaken}: remove them`;

test.each<[string, () => void, string]>([
  [
    "whose kernel does not limit memory",
    write(["sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n"]),
    noLimits,
  ],
  [
    "whose kernel does not limit memory, with cgroups of version 1",
    () => {
      stage.machine.forget("sys/fs/cgroup/cgroup.controllers");
      stage.machine.write(
        "proc/cgroups",
        "#subsys_name hierarchy num_cgroups enabled\ncpu 1 1 1\nmemory 0 1 0\n",
      );
    },
    noLimits,
  ],
  [
    "whose disk is nearly full",
    write(["free", "Avail\n2097151\n"]),
    "machine: /var/lib has 2047 MiB left, and agents and images need 2048: free some space",
  ],
  [
    "whose memory is nearly full",
    write(["proc/meminfo", "MemTotal: 4000000 kB\nMemFree: 4000000 kB\nMemAvailable: 524287 kB\n"]),
    "machine: 511 MiB of memory are free, and agents and tasks need 512: stop the programs that use it, or choose a larger machine",
  ],
  [
    "with AWS credentials of its own",
    write(["root/.aws/credentials", "[default]\n"]),
    `machine: /root/.aws/credentials holds other AWS credentials, ${mistaken}: move them away`,
  ],
  [
    "whose AWS configuration leads to credentials",
    write(["root/.aws/config", "[default]\nregion = eu-west-1\ncredential_process = /bin/keys\n"]),
    `machine: /root/.aws/config leads to other AWS credentials, ${mistaken}: move it away`,
  ],
  [
    "whose agent has AWS credentials of its own",
    write(["etc/ecs/ecs.config", "ECS_LOGLEVEL=warn\nAWS_ACCESS_KEY_ID=AKIA\n"]),
    holds("/etc/ecs/ecs.config"),
  ],
  [
    "whose agent finds AWS credentials of its own in a file",
    write(["var/lib/ecs/ecs.config", "AWS_SHARED_CREDENTIALS_FILE=/home/me/.aws/credentials\n"]),
    holds("/var/lib/ecs/ecs.config"),
  ],
  [
    "whose agent's unit has AWS credentials of its own",
    write([
      "etc/systemd/system/amazon-ssm-agent.service.d/keys.conf",
      '[Service]\nEnvironment="LANG=C" "AWS_PROFILE=me"\n',
    ]),
    holds("/etc/systemd/system/amazon-ssm-agent.service.d/keys.conf"),
  ],
  [
    "whose services all have AWS credentials of its own",
    write(["etc/systemd/system.conf", "[Manager]\nDefaultEnvironment=AWS_ROLE_ARN=arn:aws:iam::1:role/x\n"]),
    holds("/etc/systemd/system.conf"),
  ],
  [
    "with a way out by IPv6 alone",
    write(...ipv6Routes, mapped),
    "network: this machine reaches the internet only over IPv6, and AWS serves the agents over IPv4: give it an IPv4 address, " +
      "NAT64 with DNS64, or HTTPS_PROXY",
  ],
  [
    "whose metadata service gives a role's credentials to who has a token",
    write(["metadata/token", "AQAEA-token=="], ["metadata/roles", "web-role"], roleKeys),
    webRole,
  ],
  [
    "whose metadata service gives a role's credentials to anybody",
    write(["metadata/roles", "web-role\n"], roleKeys),
    webRole,
  ],
  [
    "with docker-ce beside docker.io",
    write(["var/lib/dpkg/status", packages("curl", "docker-ce", "docker-ce-cli", "docker.io")]),
    "docker: both docker-ce and docker.io are installed, each with its own Docker: purge one of them (apt-get purge docker.io)",
  ],
  [
    "whose docker is podman's",
    () => {
      stage.machine.forget("bin/docker");
      stage.machine.write("bin/docker", podman);
      stage.machine.makeExecutable("bin/docker");
    },
    "docker: /bin/docker is podman's, which the ECS agent cannot work with: purge podman-docker",
  ],
])("a machine %s is refused before anything is changed", async (_, arrange, reason) => {
  arrange();
  await expectRefusal(stage.machine, bootstrap, reason);
});

test("a machine whose Docker does not start is refused", async () => {
  stage.machine.write("docker-stands-still", "");
  stage.machine.write("docker-fails", "");
  const { status, output } = await bootstrap();
  expect({ status, last: lastLine(output) }).toEqual({
    status: 1,
    last:
      "anywhere: FAILED docker: Docker is installed but does not start (journalctl -u docker says why): fix it, or " +
      "purge it, since the installer installs docker.io",
  });
  expect(stage.machine.exists("installer-arguments")).toBe(false);
});

test.each<[string, () => void]>([
  [
    "that limits memory with cgroups of version 1",
    () => {
      stage.machine.forget("sys/fs/cgroup/cgroup.controllers");
      stage.machine.write("proc/cgroups", "#subsys_name hierarchy num_cgroups enabled\nmemory 4 28 1\n");
    },
  ],
  ["whose Docker stands still and starts", write(["docker-stands-still", ""])],
  ["with docker-ce alone", write(["var/lib/dpkg/status", packages("docker-ce", "docker-ce-cli")])],
  [
    "with docker-ce, and docker.io that was removed",
    write([
      "var/lib/dpkg/status",
      `${packages("docker-ce")}\nPackage: docker.io\nStatus: deinstall ok config-files\n`,
    ]),
  ],
  [
    "with a region and comments where credentials could be",
    write(
      ["root/.aws/config", "[default]\nregion = eu-west-1\n"],
      ["etc/ecs/ecs.config", "#AWS_ACCESS_KEY_ID=AKIA\nAWS_DEFAULT_REGION=eu-west-1\nMY_AWS_PROFILE=me\n"],
    ),
  ],
  ["with DigitalOcean's metadata service", write(["metadata/id", "3164444"])],
  [
    "whose metadata service answers everything alike",
    write(["metadata/token", "<html>"], ["metadata/roles", "<html>\n</html>"]),
  ],
  ["whose metadata service has a role without credentials", write(["metadata/roles", "web-role"])],
  ["with IPv6 beside IPv4", write(ipv6Routes[1], mapped)],
  ["without any way out that Linux knows of", write(ipv6Routes[0])],
  [
    "with IPv6 alone, where names get addresses of NAT64",
    write(...ipv6Routes, ["addresses", "64:ff9b::c000:201 STREAM ssm.us-east-1.amazonaws.com\n"]),
  ],
])("a machine %s is accepted", async (_, arrange) => {
  arrange();
  expect(await bootstrap()).toMatchObject({ status: 0 });
});

test("a machine with a way out only by IPv6 is accepted with a proxy", async () => {
  write(...ipv6Routes, mapped)();
  expect(await bootstrap({ HTTPS_PROXY: "http://proxy:3128" })).toMatchObject({ status: 0 });
});

test("each request to a metadata address that doesn't answer takes two seconds at most and uses no proxy", async () => {
  await bootstrap({ HTTPS_PROXY: "http://proxy:3128" });
  const asked = stage.machine.journal.filter((call) => call.includes("http://169.254.169.254/"));
  expect(asked).toHaveLength(2);
  for (const call of asked) {
    expect(call).toMatch(/^curl --disable --noproxy \* --silent --fail --connect-timeout 1 --max-time 2 /);
  }
});

test("the token of a session with the metadata service is in no command line and no environment", async () => {
  const token = "AQAEA-token==";
  write(["metadata/token", token], ["metadata/roles", "web-role"], roleKeys)();
  expect(lastLine((await bootstrap()).output)).toContain(webRole);
  expect(stage.machine.journal.filter((call) => call.includes("/security-credentials/"))).toHaveLength(2);
  expect(stage.machine.journal.join("\n") + stage.machine.read("environment")).not.toContain(token);
});

test("the bootstrap passes the region of its environment on, but no AWS credentials", async () => {
  await bootstrap({ AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "key", AWS_PROFILE: "me" });
  const environment = stage.machine.read("installer-environment");
  expect(environment.match(/^AWS_\w+/gm)).toEqual(["AWS_REGION"]);
});

describe("a machine that is a node", () => {
  test("may have less room than a new one needs, and the credentials that its own agent keeps", async () => {
    await bootstrap();
    write(
      ["free", "Avail\n1024\n"],
      ["proc/meminfo", "MemAvailable: 1024 kB\n"],
      ["root/.aws/credentials", "[default]\n"],
    )();
    expect(await bootstrap()).toMatchObject({ status: 0 });
  });

  test("is still refused for AWS credentials in its agent's configuration", async () => {
    await bootstrap();
    stage.machine.write("etc/ecs/ecs.config", "AWS_ACCESS_KEY_ID=AKIA\n");
    const { output } = await bootstrap();
    expect(lastLine(output)?.replaceAll(`${stage.machine.root}/`, "/")).toBe(
      `anywhere: FAILED ${holds("/etc/ecs/ecs.config")}`,
    );
  });
});

describe("a clock", () => {
  test.each(["5 minutes", "-5 minutes"])(
    "that is %s off is refused before anything is changed",
    async (off) => {
      stage.machine.write("clock", off);
      const { status, output } = await bootstrap();
      expect(status).toBe(1);
      expect(lastLine(output)).toMatch(/^anywhere: FAILED clock: the clock is (29[5-9]|30\d) s off: set it/);
      expect(stage.machine.exists("installer-arguments")).toBe(false);
      expect(stage.machine.journal.filter((call) => call.startsWith("apt-get"))).toEqual([]);
    },
  );

  test("that is three minutes off is accepted", async () => {
    stage.machine.write("clock", "3 minutes");
    expect(await bootstrap()).toMatchObject({ status: 0 });
  });

  test("that is off is refused before the activation is used, even if curl comes only with the packages", async () => {
    stage.machine.write("clock", "5 minutes");
    const { output } = await bootstrap({ PATH: stage.machine.withoutCurl() });
    expect(lastLine(output)).toMatch(/^anywhere: FAILED clock: /);
    expect(stage.machine.journal.filter((call) => call.startsWith("apt-get"))).toHaveLength(2);
    expect(stage.machine.exists("installer-arguments")).toBe(false);
  });
});
