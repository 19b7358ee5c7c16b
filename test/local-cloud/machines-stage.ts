import { afterEach, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { AgentOrders, AgentPoll, Assignment, ContainerOrder } from "../../local-cloud/machines";
import { createMachines, type LocalMachines } from "../../local-cloud/nodes/create-machines";
import { imageFolder } from "../../local-cloud/nodes/inside/images/image";
import { createWorld } from "../../local-cloud/world";

const image = "registry.example/app:v1";
const server = `
const place = () => fetch(process.env.ECS_CONTAINER_METADATA_URI_V4 + "/taskWithTags").then((got) => got.text());
const answer = async ({ url }, response) => response.end(url === "/place" ? await place() : process.env.COLOR);
require("node:http").createServer(answer).listen(process.env.PORT ?? 8080, process.env.HOST);
process.on("SIGTERM", () => process.exit(7));`;

export const userData = `#!/usr/bin/env bash
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

/** A container of the stage's image, with what it has otherwise. */
export function container(over: Partial<ContainerOrder> = {}): ContainerOrder {
  return {
    name: "app",
    image,
    essential: true,
    entryPoint: undefined,
    command: undefined,
    workingDirectory: undefined,
    user: undefined,
    environment: { COLOR: "blue" },
    ports: [{ containerPort: 8080, hostPort: 80 }],
    links: [],
    dependsOn: [],
    stopTimeout: 5,
    startTimeout: undefined,
    healthCheck: undefined,
    mounts: [],
    tmpfs: [],
    readOnlyRoot: false,
    initProcess: false,
    capabilities: { add: [], drop: [] },
    noNewPrivileges: false,
    ...over,
  };
}

/** A container that runs a line of sh, without ports. */
export function shell(name: string, script: string, over: Partial<ContainerOrder> = {}): ContainerOrder {
  return container({ name, entryPoint: ["/bin/sh", "-c"], command: [script], ports: [], ...over });
}

export const task: Assignment = {
  taskArn: "arn:aws:ecs:eu-central-1:000000000000:task/demo/0123456789abcdef",
  family: "app",
  revision: 1,
  desiredStatus: "RUNNING",
  networkMode: "bridge",
  containers: [container()],
};

/** Starts machines with clouds of their own; they end with the test. */
export function useMachines() {
  const started: { readonly machines: LocalMachines; readonly folders: readonly string[] }[] = [];

  const start = async (sandbox: "auto" | "process") => {
    const directory = mkdtempSync(join(tmpdir(), "machines-"));
    const runDirectory = mkdtempSync(join(tmpdir(), "anywhere-"));
    const imagesDirectory = join(directory, "images");
    /** Makes an image of these files, one of them its Dockerfile. */
    const addImage = (reference: string, files: Readonly<Record<string, string>>): void => {
      for (const [path, content] of Object.entries(files)) {
        const file = join(imageFolder(imagesDirectory, reference), path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content);
      }
    };
    addImage(image, {
      Dockerfile: 'FROM node:20\nWORKDIR /app\nCOPY server.js ./\nCMD ["node", "server.js"]\n',
      "server.js": server,
    });
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
    return { ...cloud, world, machines, directory, runDirectory, events, addImage };
  };

  afterEach(async () => {
    for (const { machines, folders } of started.splice(0)) {
      await machines.close();
      folders.forEach((folder) => {
        rmSync(folder, { recursive: true });
      });
    }
  });

  return start;
}

type Start = ReturnType<typeof useMachines>;

/** Waits for a machine to be ready to run tasks. */
export async function readyNode(local: Awaited<ReturnType<Start>>) {
  const { machines, orders, polls, events, directory } = local;
  await machines.boot(spec);
  await until(() => events(spec.name).includes("ready"));
  const report = () => polls.at(-1)?.tasks[0];
  const ofContainer = (name: string) => report()?.containers.find((each) => each.name === name);
  return {
    ...local,
    /** A path of the machine as this computer sees it. */
    disk: (path: string) => join(directory, "machines", spec.name, "disk", path),
    /** Gives the machine a task of these containers. */
    run: (containers: readonly ContainerOrder[]) => {
      orders.splice(0, 1, { ...task, containers });
    },
    stop: () => {
      orders.splice(0, 1, ...orders.map((each) => ({ ...each, desiredStatus: "STOPPED" as const })));
    },
    /** The agent's last report about a container. */
    ofContainer,
    /** Waits until the task, or a container of it, has this status. */
    reaches: (status: string, name?: string) =>
      until(() => (name === undefined ? report() : ofContainer(name))?.status === status),
  };
}

export type ReadyNode = Awaited<ReturnType<typeof readyNode>>;

/** A test on a machine with namespaces; without, it can only show that the local cloud says why it has none. */
export function testOnNode(
  name: string,
  start: Start,
  prove: (node: ReadyNode) => Promise<void>,
  declare: typeof test | typeof test.skip = test,
): void {
  declare(
    name,
    async () => {
      const local = await start("auto");
      if (local.machines.sandbox === "namespaces") {
        await prove(await readyNode(local));
      } else {
        expect(local.machines.sandboxReason).toMatch(/\S/);
      }
    },
    60_000,
  );
}

export const spec = { name: "droplet-1", hostname: "node-1", userData, publicIp: "203.0.113.1" };

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    expect(Date.now()).toBeLessThan(end);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export function read(machines: LocalMachines, name: string, port: number, path = "/"): Promise<string> {
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
