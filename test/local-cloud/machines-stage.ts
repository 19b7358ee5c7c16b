import { afterEach, expect } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentOrders, AgentPoll, Assignment, ContainerOrder } from "../../local-cloud/machines";
import { createMachines, type LocalMachines } from "../../local-cloud/nodes/create-machines";
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
    const folder = join(imagesDirectory, "registry.example/app/v1");
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, "Dockerfile"),
      'FROM node:20\nWORKDIR /app\nCOPY server.js ./\nCMD ["node", "server.js"]\n',
    );
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
