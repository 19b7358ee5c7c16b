import { afterEach, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentOrders, AgentPoll, Assignment } from "../../../local-cloud/machines";
import { createMachines, type LocalMachines } from "../../../local-cloud/nodes/create-machines";
import { createWorld } from "../../../local-cloud/world";

const image = "registry.example/app:v1";
const server = `
const place = () => fetch(process.env.ECS_CONTAINER_METADATA_URI_V4 + "/taskWithTags").then((got) => got.text());
const answer = async ({ url }, response) => response.end(url === "/place" ? await place() : process.env.COLOR);
require("node:http").createServer(answer).listen(process.env.PORT ?? 8080, "127.0.0.1");
process.on("SIGTERM", () => process.exit(7));`;

const userData = `#!/usr/bin/env bash
export CLUSTER='demo'
export AWS_REGION='eu-central-1'
export ACTIVATION_ID='11111111-2222-3333-4444-555555555555'
export ACTIVATION_CODE='not-for-the-journal'
export ATTRIBUTES='{"anywhere.node":"it'\\''s node-1"}'
set -euo pipefail
mkdir -p /etc/ecs && echo "ECS_INSTANCE_ATTRIBUTES=$ATTRIBUTES" >/etc/ecs/ecs.config
echo "ECS_CONTAINER_INSTANCE_TAGS=$ATTRIBUTES" >>/etc/ecs/ecs.config
curl -fsS -o /tmp/installer https://amazon-ecs-agent.s3.amazonaws.com/ecs-anywhere-install-latest.sh
bash /tmp/installer --region "$AWS_REGION" --cluster "$CLUSTER" --activation-id "$ACTIVATION_ID" \\
  --activation-code "$ACTIVATION_CODE" --docker-install-source distro
echo "READY on $(hostname)"
`;

/** Clouds of which a machine sees no more than it needs. */
function clouds() {
  const calls: { readonly target: string; readonly input: unknown }[] = [];
  const polls: AgentPoll[] = [];
  const orders: Assignment[] = [];
  const answers: Readonly<Record<string, object>> = {
    "AmazonSSM.RegisterManagedInstance": { InstanceId: "mi-00000000000000001" },
    "AmazonSSM.UpdateInstanceInformation": {},
    "AmazonEC2ContainerServiceV20141113.RegisterContainerInstance": {
      containerInstance: { containerInstanceArn: "arn:instance" },
    },
  };
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
    request.on("end", () => {
      const input: unknown = JSON.parse(text);
      if (request.url === "/agent") {
        polls.push(input as AgentPoll);
        const answer: AgentOrders = { connected: true, tasks: orders };
        response.end(JSON.stringify(answer));
        return;
      }
      const target = String(request.headers["x-amz-target"]);
      calls.push({ target, input });
      response.end(JSON.stringify(answers[target]));
    });
  };
  return { calls, polls, orders, handler };
}

const task: Assignment = {
  taskArn: "arn:aws:ecs:eu-central-1:000000000000:task/demo/0123456789abcdef",
  family: "app",
  revision: 1,
  desiredStatus: "RUNNING",
  container: {
    name: "app",
    image,
    command: [],
    environment: { COLOR: "blue" },
    containerPort: 8080,
    hostPort: 80,
    stopTimeout: 5,
    healthCheck: undefined,
  },
};

const started: { readonly machines: LocalMachines; readonly folders: readonly string[] }[] = [];

async function start(sandbox: "auto" | "process") {
  const directory = mkdtempSync(join(tmpdir(), "machines-"));
  const runDirectory = mkdtempSync(join(tmpdir(), "anywhere-"));
  const imagesDirectory = join(directory, "images");
  const folder = join(imagesDirectory, "registry.example/app/v1");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "Dockerfile"), 'FROM node:20\nCMD ["node", "server.js"]\n');
  writeFileSync(join(folder, "server.js"), server);
  const cloud = clouds();
  const world = createWorld("000000000000");
  const { handler } = cloud;
  const python = "python3";
  const machines = await createMachines({
    world,
    directory,
    runDirectory,
    imagesDirectory,
    handler,
    sandbox,
    python,
  });
  started.push({ machines, folders: [directory, runDirectory] });
  const events = (name: string): readonly string[] =>
    world.journal.filter(({ caller }) => caller === name).map((entry) => entry.name);
  return { ...cloud, world, machines, directory, runDirectory, events };
}

afterEach(async () => {
  for (const { machines, folders } of started.splice(0)) {
    await machines.close();
    folders.forEach((folder) => {
      rmSync(folder, { recursive: true });
    });
  }
});

const spec = { name: "droplet-1", hostname: "node-1", userData, publicIp: "203.0.113.1" };

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    expect(Date.now()).toBeLessThan(end);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function read(machines: LocalMachines, name: string, port: number, path = "/"): Promise<string> {
  return new Promise((resolve) => {
    get({ createConnection: () => machines.connect(name, port), path, host: "machine" }, (response) => {
      response.on("data", (chunk: Buffer) => {
        resolve(chunk.toString("utf8"));
      });
    }).on("error", () => {
      resolve("refused");
    });
  });
}

test.each(["auto", "process"] as const)(
  "a machine registers, runs its task, loses it with its power and is gone when destroyed (%s)",
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
    expect(polls.at(-1)?.tasks).toEqual([{ taskArn: task.taskArn, status: "RUNNING", health: "UNKNOWN" }]);
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
): Promise<string> {
  const text = `#!/usr/bin/env bash\n${userData.replaceAll(/^(?!export).*$/gm, "")}\n${script}\n`;
  await machines.boot({ ...spec, userData: text });
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
  "with namespaces a machine is an Ubuntu of its own without a way out",
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

test("a task that is to stop gets SIGTERM and reports its exit code", async () => {
  const { machines, polls, orders, events } = await start("process");
  await machines.boot(spec);
  await until(() => events(spec.name).includes("ready"));
  orders.push(task);
  await until(async () => (await read(machines, spec.name, 80)) === "blue");
  orders.splice(0, 1, { ...task, desiredStatus: "STOPPED" });
  await until(() => polls.at(-1)?.tasks[0]?.status === "STOPPED");
  expect(polls.at(-1)?.tasks[0]).toMatchObject({ exitCode: 7, reason: "Essential container in task exited" });
}, 20_000);

test("an image without a folder can't be pulled", async () => {
  const { machines, polls, orders } = await start("process");
  await machines.boot(spec);
  orders.push({ ...task, container: { ...task.container, image: "registry.example/app:v2" } });
  await until(() => polls.at(-1)?.tasks[0]?.status === "STOPPED");
  expect(polls.at(-1)?.tasks[0]?.reason).toBe(
    "CannotPullContainerError: failed to resolve ref registry.example/app:v2: not found",
  );
}, 20_000);

test("a machine that a fault keeps dark does nothing until it is switched on", async () => {
  const { machines, calls, world, events } = await start("process");
  const effect = { kind: "error", status: 0, code: "dark", message: "dark" } as const;
  world.faults.push({ match: { service: "machine", operation: "boot" }, times: 1, effect });
  await machines.boot(spec);
  expect(events(spec.name)).toEqual(["dark"]);
  expect(calls).toEqual([]);
  await machines.powerOn(spec.name);
  await until(() => events(spec.name).includes("ready"));
}, 20_000);

test("user-data that is no script is refused", async () => {
  const { machines } = await start("process");
  await expect(machines.boot({ ...spec, userData: "#cloud-config\n" })).rejects.toThrow(
    "user-data of droplet-1 is not a script",
  );
}, 20_000);
