import { expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { container, read, spec, task, until, userData, useMachines } from "./machines-stage";

const start = useMachines();

test.each(["auto", "process"] as const)(
  "a machine registers, runs its task, loses it when powered off and is gone when destroyed (%s)",
  async (sandbox) => {
    const { machines, calls, polls, orders, world, directory, runDirectory, events } = await start(sandbox);
    await machines.boot(spec);
    await until(() => events(spec.name).includes("ready"));
    await until(() => polls.length > 0);

    expect(calls.find(({ target }) => target.endsWith("RegisterManagedInstance"))?.input).toMatchObject({
      ActivationId: "11111111-2222-3333-4444-555555555555",
      ActivationCode: "not-for-the-journal",
    });
    expect(calls.find(({ target }) => target.endsWith("RegisterContainerInstance"))?.input).toMatchObject({
      cluster: "demo",
      instanceIdentityDocument: '{"instanceId":"mi-00000000000000001"}',
      attributes: expect.arrayContaining([{ name: "anywhere.node", value: "it's node-1" }]),
    });
    expect(JSON.stringify(world.journal)).not.toContain("not-for-the-journal");

    orders.push(task);
    await until(async () => (await read(machines, spec.name, 80)) === "blue");
    await until(() => polls.at(-1)?.tasks[0]?.status === "RUNNING");
    const runtimeId: unknown = expect.stringMatching(/^[0-9a-f]{12}$/);
    const networkBindings = [{ containerPort: 8080, hostPort: 80 }];
    const running = { name: "app", status: "RUNNING", health: "UNKNOWN", runtimeId, networkBindings };
    expect(polls.at(-1)?.tasks).toEqual([
      { taskArn: task.taskArn, status: "RUNNING", containers: [running] },
    ]);
    expect(await read(machines, spec.name, 81)).toBe("refused");
    expect(JSON.parse(await read(machines, spec.name, 80, "/place"))).toMatchObject({
      TaskARN: task.taskArn,
      ContainerInstanceTags: { "anywhere.node": "it's node-1" },
    });

    await machines.agent(spec.name, "stop");
    polls.length = 0;
    expect(await read(machines, spec.name, 80)).toBe("blue");
    await machines.agent(spec.name, "start");
    await until(() => polls.at(-1)?.tasks[0]?.status === "RUNNING");

    orders.length = 0;
    await machines.powerOff(spec.name);
    expect(await read(machines, spec.name, 80)).toBe("refused");
    polls.length = 0;
    await machines.powerOn(spec.name);
    await until(() => polls.length > 0);
    expect(polls[0]?.tasks).toEqual([]);
    expect(calls.filter(({ target }) => target.endsWith("RegisterManagedInstance"))).toHaveLength(1);
    expect(calls.findLast(({ target }) => target.endsWith("RegisterContainerInstance"))?.input).toMatchObject(
      {
        containerInstanceArn: "arn:instance",
      },
    );

    await machines.destroy(spec.name);
    await machines.destroy(spec.name);
    expect(readdirSync(join(directory, "machines"))).toEqual([]);
    expect(readdirSync(runDirectory)).not.toContain(spec.name);
    expect(events(spec.name).at(-1)).toBe("destroyed");
  },
  40_000,
);

/** Boots a machine with a script and returns its console once the script has ended. */
async function consoleOf(
  { machines, events }: Awaited<ReturnType<typeof start>>,
  script: string,
  privateIp?: string,
): Promise<string> {
  const text = `#!/usr/bin/env bash\n${userData.replaceAll(/^(?!export).*$/gm, "")}\n${script}\n`;
  await machines.boot({ ...spec, userData: text, ...(privateIp !== undefined && { privateIp }) });
  await until(() => events(spec.name).some((name) => name === "ready" || name === "failed"));
  return machines.console(spec.name);
}

// Without namespaces these can only show that the local cloud says why it has none.
async function withNamespaces(
  prove: (local: Awaited<ReturnType<typeof start>>) => Promise<void>,
): Promise<void> {
  const local = await start("auto");
  if (local.machines.sandbox === "namespaces") {
    await prove(local);
  } else {
    expect(local.machines.sandboxReason).toMatch(/\S/);
  }
}

test(
  "with namespaces a machine is an Ubuntu of its own without network access",
  () =>
    withNamespaces(async (local) => {
      const printed = await consoleOf(
        local,
        `. /etc/os-release; echo "$ID $VERSION_ID $(hostname) $(id -un) HOME=\${HOME-unset}"
       touch /usr/bin/changed || echo "programs can't be changed"
       curl --disable -sS --max-time 5 https://198.51.100.1/ || echo "network: $?"
       echo "processes: $(cat /proc/1/comm) $(ls -d /proc/[0-9]* | wc -l)"
       ls -A /root /home`,
      );
      expect(printed).toContain("ubuntu 24.04 node-1 root HOME=unset\n");
      expect(printed).toContain("programs can't be changed\n");
      expect(printed).toContain("network: 7\n");
      expect(printed).toMatch(/processes: (bash|init\.sh) \d\n/);
      expect(printed).toContain("/home:\n\n/root:\n.curlrc\n");
    }),
  20_000,
);

test(
  "with namespaces a script's failure is an event with the last line that it printed",
  () =>
    withNamespaces(async (local) => {
      await consoleOf(local, "echo because; exit 3");
      const failed = local.world.journal.find(({ name }) => name === "failed");
      expect(failed?.detail).toEqual({ exitCode: 3, line: "because" });
    }),
  20_000,
);

test(
  "with namespaces a script's two streams are on the console in the order of its writes",
  () =>
    withNamespaces(async (local) => {
      const script = `for try in {1..300}; do printf err >&2; echo "or $try" >&2; echo "line $try"; done`;
      const printed = await consoleOf(local, script);
      const written = Array.from({ length: 300 }, (_, at) => [`error ${at + 1}`, `line ${at + 1}`]).flat();
      expect(printed.match(/^(?:error|line) \d+$/gm)).toEqual(written);
    }),
  20_000,
);

test(
  "with namespaces faults hit programs and downloads, and the next try succeeds",
  () =>
    withNamespaces(async (local) => {
      const url = "/ecs-anywhere-install-latest.sh";
      const fault = (operation: string, status: number, message: string): void => {
        const effect = { kind: "error", status, code: "fault", message } as const;
        local.world.faults.push({ match: { service: "machine", operation }, times: 1, effect });
      };
      fault("apt-get", 100, "E: Could not get lock /var/lib/dpkg/lock-frontend");
      fault(url, 503, "slow down");
      local.machines.origin?.serve(`${url}.asc`, undefined);
      const printed = await consoleOf(
        local,
        `for try in 1 2; do apt-get install -y gnupg; echo "apt: $?"; done
       for try in 1 2; do curl -fsS -o /dev/null "https://amazon-ecs-agent.s3.amazonaws.com${url}"; echo "curl: $?"; done
       curl -fsS "https://amazon-ecs-agent.s3.amazonaws.com${url}.asc"; echo "signature: $?"`,
      );
      expect(printed).toContain("E: Could not get lock /var/lib/dpkg/lock-frontend\napt: 100\n");
      expect(printed).toContain("Setting up gnupg ...\napt: 0\n");
      expect(printed).toMatch(/503\ncurl: 22\ncurl: 0\n/);
      expect(printed).toMatch(/404\nsignature: 22\n/);
    }),
  20_000,
);

test(
  "with namespaces an enabled unit runs before the service that requires it, at each boot",
  () =>
    withNamespaces(async (local) => {
      await consoleOf(
        local,
        `printf '%s\\n' '[Unit]' Before=docker.service '[Service]' Type=oneshot \\
         "ExecStart=/bin/sh -c 'iptables -N DOCKER-USER'" '[Install]' RequiredBy=docker.service \\
         >/etc/systemd/system/block.service
       systemctl enable block.service; apt-get install -y docker.io; systemctl is-active docker block`,
      );
      expect(await local.machines.console(spec.name)).toContain("active\nactive\n");
      const blocks = (): number => local.world.journal.filter(({ name }) => name === "iptables").length;
      expect(blocks()).toBe(1);
      await local.machines.powerOff(spec.name);
      await local.machines.powerOn(spec.name);
      await until(() => blocks() === 2);
    }),
  20_000,
);

test("a user's ~/.bashrc doesn't affect how a machine is started", () => {
  const home = mkdtempSync(join(tmpdir(), "home-"));
  writeFileSync(join(home, ".bashrc"), "echo read\n");
  // By a pipe of Node's, which is a socket, and without SHLVL, as CI systems start programs.
  const { output } = spawnSync("local-cloud/nodes/users.sh", ["echo", "started"], {
    env: { PATH: process.env["PATH"], HOME: home },
    encoding: "utf8",
  });
  expect(output.join("")).toMatch(/^(started|unshare: .*)\n$/);
  rmSync(home, { recursive: true });
});

test(
  "with namespaces a machine has room whatever this computer has, and can switch itself off",
  () =>
    withNamespaces(async (local) => {
      const off: string[] = [];
      local.machines.whenOff((name) => off.push(name));
      const printed = await consoleOf(
        local,
        `awk '/^Mem(Total|Available)/ { print $2 }' /proc/meminfo | uniq | wc -l
         df --output=avail -k /var/lib | tail -n 1; df 'ü %s' '' end
         systemd-run --on-active=1 systemctl poweroff; echo "ended first"`,
      );
      expect(printed).toBe("1\n23000000\ndf: not modelled: ü %s  end\nended first\n");
      await until(() => off.length > 0);
      expect(off).toEqual([spec.name]);
      expect(local.events(spec.name).slice(-2)).toEqual(["ready", "powered-off"]);
      await local.machines.powerOn(spec.name);
      expect(local.events(spec.name).at(-1)).toBe("powered-on");
    }),
  20_000,
);

test("a task that is told to stop gets SIGTERM and reports its exit code", async () => {
  const { machines, polls, orders, events } = await start("process");
  await machines.boot(spec);
  await until(() => events(spec.name).includes("ready"));
  orders.push(task);
  await until(async () => (await read(machines, spec.name, 80)) === "blue");
  orders.splice(0, 1, { ...task, desiredStatus: "STOPPED" });
  await until(() => polls.at(-1)?.tasks[0]?.status === "STOPPED");
  expect(polls.at(-1)?.tasks[0]?.containers).toMatchObject([{ exitCode: 7 }]);
}, 20_000);

test("an image without a folder can't be pulled", async () => {
  const { machines, polls, orders } = await start("process");
  await machines.boot(spec);
  orders.push({ ...task, containers: [container({ image: "registry.example/app:v2" })] });
  await until(() => polls.at(-1)?.tasks[0]?.status === "STOPPED");
  expect(polls.at(-1)?.tasks[0]?.containers[0]?.reason).toBe(
    "CannotPullContainerError: failed to resolve ref registry.example/app:v2: not found: the local cloud has only images that deploys build, and those of its --image",
  );
}, 20_000);

test("a machine that a fault keeps from booting does nothing until it is switched on", async () => {
  const { machines, calls, world, events } = await start("process");
  const effect = { kind: "error", status: 0, code: "dark", message: "dark" } as const;
  world.faults.push({ match: { service: "machine", operation: "boot" }, times: 1, effect });
  await machines.boot(spec);
  expect(events(spec.name)).toEqual(["dark"]);
  expect(calls).toEqual([]);
  await machines.powerOn(spec.name);
  await until(() => events(spec.name).includes("ready"));
}, 20_000);

test("user-data that isn't a script is refused", async () => {
  const { machines } = await start("process");
  await expect(machines.boot({ ...spec, userData: "#cloud-config\n" })).rejects.toThrow(
    "user-data of droplet-1 is not a script",
  );
}, 20_000);

test(
  "with namespaces a machine reaches only the private addresses of its network, as they come and go",
  () =>
    withNamespaces(async (local) => {
      const [first, second] = ["10.100.0.9:80", "10.100.0.10:80"];
      let addresses = [first];
      const api = createServer(({ headers }, response) => {
        addresses = [second];
        response.end(`api for ${String(headers.host)}\n`);
      });
      local.machines.reach({
        addresses: (machine) => (machine === spec.name ? addresses : []),
        open: (machine, address) =>
          machine === spec.name && addresses.includes(address)
            ? (connection) => api.emit("connection", connection)
            : undefined,
      });
      const printed = await consoleOf(
        local,
        `ask() { curl --disable -sS --max-time 5 "http://$1/" || echo "$1: $?"; }
         wait_for() { for try in $(seq 100); do (echo >"/dev/tcp/$1/80") && break; sleep 0.1; done 2>/dev/null; }
         wait_for 10.100.0.9
         ask 10.100.0.9:81; ask 10.100.0.10; ask 10.200.0.9; ask 10.100.0.9
         wait_for 10.100.0.10
         ask 10.100.0.10; ask 10.100.0.9`,
        "10.100.0.2/20",
      );
      expect(printed.match(/^(api|10\.).*$/gm)).toEqual([
        "10.100.0.9:81: 7",
        "10.100.0.10: 7",
        "10.200.0.9: 7",
        "api for 10.100.0.9",
        "api for 10.100.0.10",
        "10.100.0.9: 7",
      ]);
    }),
  20_000,
);
