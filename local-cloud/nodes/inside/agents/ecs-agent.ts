import { mkdir, writeFile } from "node:fs/promises";
import { arch, cpus, totalmem } from "node:os";
import { dirname, join } from "node:path";
import type { AgentOrders, AgentPoll } from "../../../machines";
import { serveJson } from "./agent-endpoints";
import { callAws, CloudError, post, textOf } from "./cloud";
import { type EcsConfig, readEcsConfig } from "./ecs-config";
import type { Engine, MetadataPlace } from "../containers/engine";
import { readIfThere, readRegistration } from "./registration";
import { repeat, type Stop } from "../repetition";
import { log, reason, type Settings } from "../settings";
import { type Place, taskMetadata } from "./task-metadata";

/** Between two polls, which the clouds answer once there is something new: what changes together is told together. */
const pollMilliseconds = 50;
const retryMilliseconds = 2000;
/** Between two looks for the machine's registration. */
const lookMilliseconds = 1000;
const agent = { name: "amazon-ecs-agent", version: "1.99.0" };
const checkpoint = "/var/lib/ecs/data/agent.json";
const introspectionPort = 51678;

/** The ECS agent's state on disk, so that it comes back as the same container instance. */
interface Identity extends Place {
  readonly managedInstanceId: string;
  readonly containerInstanceArn: string;
}

/**
 * Registers this machine with its cluster, then polls for orders and lets the engine follow them. Once deregistered, it
 * keeps its containers running; an instance that ECS calls inactive stays so.
 */
export function startEcsAgent(settings: Settings, engine: Engine, metadata: MetadataPlace): Stop {
  let identity: Identity | undefined;
  let complaint = "";
  let known: string | undefined;
  let polling = new AbortController();
  // It has other reports now than those that the clouds have been told.
  engine.whenChanged(() => polling.abort());
  const stopPolling = repeat(async () => {
    polling = new AbortController();
    try {
      identity ??= await introduce(settings);
      if (identity === undefined) {
        return lookMilliseconds;
      }
      known = await poll(settings, engine, identity, { known, signal: polling.signal });
      complaint = "";
      return pollMilliseconds;
    } catch (error) {
      if (polling.signal.aborted) {
        return pollMilliseconds;
      }
      const terminal = identity === undefined && error instanceof CloudError && inactive(error);
      if (complaint !== reason(error)) {
        complaint = reason(error);
        log(`${agent.name}: ${complaint}${terminal ? "; not tried again" : ""}`);
      }
      return terminal ? undefined : retryMilliseconds;
    }
  });
  const endpoints = [
    serveJson(metadata, (path) => identity && taskMetadata(path, engine.tasks(), identity)),
    // Without namespaces the port would be everybody's; only the installer asks, and it isn't run there.
    ...(settings.sandbox === "namespaces"
      ? [serveJson({ host: "127.0.0.1", port: introspectionPort }, (path) => introspect(path, identity))]
      : []),
  ];
  return () => {
    stopPolling();
    polling.abort();
    endpoints.forEach((stop) => stop());
  };
}

/** The agent's introspection endpoint, which the installer polls. */
function introspect(path: string, identity: Identity | undefined): object | undefined {
  return path === "/v1/metadata"
    ? {
        Cluster: identity?.cluster ?? "",
        ContainerInstanceArn: identity?.containerInstanceArn ?? null,
        Version: `Amazon ECS Agent - v${agent.version}`,
      }
    : undefined;
}

function inactive({ code }: CloudError): boolean {
  return code === "ClientException" || code === "InvalidParameterException";
}

/** Registers with the cluster, or again with the checkpoint's identity. Undefined while there is no identity. */
async function introduce(settings: Settings): Promise<Identity | undefined> {
  const registration = await readRegistration(settings);
  if (registration === undefined) {
    return undefined;
  }
  const config = await readEcsConfig(settings);
  const remembered = await readCheckpoint(settings);
  if (remembered !== undefined && remembered.cluster !== config.cluster) {
    throw new Error(
      `data mismatch: the checkpoint is of cluster ${remembered.cluster}, ECS_CLUSTER=${config.cluster}`,
    );
  }
  const { managedInstanceId } = registration;
  const answer = await callAws(
    settings,
    `${agent.name}/${agent.version}`,
    "ecs",
    "RegisterContainerInstance",
    {
      cluster: config.cluster,
      instanceIdentityDocument: JSON.stringify({ instanceId: managedInstanceId }),
      ...(remembered === undefined ? {} : { containerInstanceArn: remembered.containerInstanceArn }),
      ...description(config),
    },
  );
  const containerInstanceArn = textOf(answer, "containerInstance", "containerInstanceArn");
  if (containerInstanceArn === undefined) {
    throw new Error("RegisterContainerInstance: the answer has no containerInstanceArn");
  }
  const identity = { managedInstanceId, cluster: config.cluster, containerInstanceArn, tags: config.tags };
  const path = join(settings.root, checkpoint);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(identity));
  log(`${agent.name}: registered as ${containerInstanceArn}`);
  return identity;
}

async function readCheckpoint(settings: Settings): Promise<Identity | undefined> {
  const text = await readIfThere(join(settings.root, checkpoint));
  return text === "" ? undefined : (JSON.parse(text) as Identity);
}

function description({ attributes, tags }: EcsConfig): object {
  const integer = (name: string, integerValue: number): object => ({ name, type: "INTEGER", integerValue });
  const ports = (name: string, stringSetValue: readonly string[]): object => ({
    name,
    type: "STRINGSET",
    stringSetValue,
  });
  return {
    versionInfo: { agentVersion: agent.version, agentHash: "local", dockerVersion: "DockerVersion: 26.1.3" },
    totalResources: [
      integer("CPU", cpus().length * 1024),
      integer("MEMORY", Math.floor(totalmem() / 2 ** 20)),
      ports("PORTS", ["22", "2375", "2376", "51678", "51679"]),
      ports("PORTS_UDP", []),
    ],
    attributes: [
      { name: "ecs.os-type", value: "linux" },
      { name: "ecs.cpu-architecture", value: arch() === "arm64" ? "arm64" : "x86_64" },
      { name: "ecs.capability.external" },
      { name: "ecs.capability.container-health-check" },
      ...attributes,
    ],
    ...(tags.length === 0 ? {} : { tags }),
  };
}

/** Reports the tasks, and follows the orders, which it returns the mark of. */
async function poll(
  settings: Settings,
  engine: Engine,
  identity: Identity,
  { known, signal }: { readonly known: string | undefined; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const request: AgentPoll = {
    machine: settings.machine,
    managedInstanceId: identity.managedInstanceId,
    containerInstanceArn: identity.containerInstanceArn,
    tasks: engine.tasks().map((task) => task.report()),
    known,
  };
  const headers = { "content-type": "application/json" };
  const orders = (await post(settings, "/agent", request, headers, signal)) as AgentOrders;
  if (orders.connected) {
    follow(engine, orders);
  }
  return orders.mark;
}

function follow(engine: Engine, { tasks }: AgentOrders): void {
  for (const assignment of tasks) {
    if (assignment.desiredStatus === "RUNNING") {
      engine.run(assignment);
    } else {
      engine.stop(assignment.taskArn);
    }
  }
  engine.prune(new Set(tasks.map(({ taskArn }) => taskArn)));
}
