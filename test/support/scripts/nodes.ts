import { afterAll, afterEach, beforeAll, beforeEach } from "@jest/globals";
import { join } from "node:path";
import { pollAgent } from "../../../local-cloud/aws/ecs/agent";
import { tasksOn } from "../../../local-cloud/aws/ecs/placement";
import { defaultSettings, type Settings } from "../../../local-cloud/aws/settings";
import type { Activation, ContainerInstance, ManagedInstance, Task } from "../../../local-cloud/aws/state";
import { createWorld, type World } from "../../../local-cloud/world";
import { startAwsStages, type AwsStage, type AwsStages } from "./cloud";
import type { Ended, Running } from "./run";

/** The node that the scripts are run for. */
export const node = { name: "shop", site: "nyc3", node: "node-1", generation: "5f2a" };
/** The command that replaces it. */
export const remedy = "replace the node with `npm run deploy -- --replace nyc3/node-1`";
export const activationId = "0a1b2c3d-0000-4000-8000-000000000001";

type Identity = typeof node;

const account = "111122223333";
const arn = (resource: string): string => `arn:aws:ecs:us-east-1:${account}:${resource}`;
const definition = {
  taskDefinitionArn: arn("task-definition/app:1"),
  family: "app",
  revision: 1,
  containerDefinitions: [{ name: "app", image: "registry.example/app:v1" }],
};

/** AWS with a cluster, in which tests register what they like; agents that are connected end the tasks that are to stop. */
export interface NodeStage extends AwsStage {
  /** Runs a script of constructs/node. */
  runNodeScript(
    script: "await.sh" | "deregister.sh",
    environment: Readonly<Record<string, string>>,
    started?: (running: Running) => void,
  ): Promise<Ended>;
  /** Whether tasks end when they are told to. */
  tasksEnd: boolean;
}

/** Opens a stage for each test of a file. */
export function useNodeStage(settings: Partial<Settings> = {}): () => NodeStage {
  let stages: AwsStages;
  let stage: NodeStage;
  beforeAll(async () => {
    stages = await startAwsStages();
  }, 600_000);
  beforeEach(async () => {
    stage = await openNodeStage(stages, settings);
  });
  afterEach(() => stage.close());
  afterAll(() => stages.close());
  return () => stage;
}

async function openNodeStage(stages: AwsStages, settings: Partial<Settings>): Promise<NodeStage> {
  const world = createWorld(account);
  world.aws.clusters.set("shop", {
    name: "shop",
    arn: arn("cluster/shop"),
    status: "ACTIVE",
    settings: [],
    configuration: undefined,
    tags: [],
  });
  world.aws.taskDefinitions.set(definition.taskDefinitionArn, { definition, status: "ACTIVE", tags: [] });
  const stage = await stages.open(world, { region: "us-east-1", ...settings });
  const nodeStage: NodeStage = Object.assign(stage, {
    tasksEnd: true,
    runNodeScript: (
      script: string,
      environment: Readonly<Record<string, string>>,
      started?: (running: Running) => void,
    ) => stage.run(join("constructs/node", script), environment, started),
  });
  stage.act = () => {
    if (nodeStage.tasksEnd) {
      endTasks(world);
    }
  };
  return nodeStage;
}

/** Lets every connected agent end the tasks that are to stop. */
function endTasks(world: World): void {
  for (const instance of world.aws.containerInstances.values()) {
    const tasks = tasksOn({ world }, instance);
    if (instance.lastPollAt > 0 && tasks.some(({ desiredStatus }) => desiredStatus === "STOPPED")) {
      const reports = tasks.map(({ arn: taskArn, desiredStatus }) => ({
        taskArn,
        status: desiredStatus,
        containers: [],
      }));
      const { managedInstanceId, arn: containerInstanceArn } = instance;
      const poll = { machine: managedInstanceId, managedInstanceId, containerInstanceArn, tasks: reports };
      pollAgent({ world, settings: defaultSettings, now: Date.now() }, poll);
    }
  }
}

/** The settings that await.sh and deregister.sh share, and short waits. */
export function settings(overrides: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    NAME: node.name,
    SITE: node.site,
    NODE: node.node,
    GENERATION: node.generation,
    CLUSTER: "shop",
    AWS_REGION: "us-east-1",
    ACCOUNT: account,
    ACTIVATION_ID: activationId,
    REMEDY: remedy,
    AWS_LIBRARY: "constructs/script/aws/aws.sh",
    REGISTRATIONS: "constructs/node/registrations.sh",
    POLL_SECONDS: "0.05",
    RETRY_SECONDS: "0.01",
    ...overrides,
  };
}

/** Id of a managed instance, by a number. */
export const machine = (number: number): string => `mi-${String(number).padStart(17, "0")}`;
export const taskArn = (id: string): string => arn(`task/shop/${id}`);

/** The attributes by which a node is found. */
const marksOf = ({ name, site, node, generation }: Identity) => [
  { name: "anywhere.deployment", value: name },
  { name: "anywhere.site", value: site },
  { name: "anywhere.node", value: node },
  { name: "anywhere.generation", value: generation },
];

/** Registers a machine with Systems Manager as this node, with an activation of its own if none is given. */
export function addMachine(
  { aws }: World,
  number: number,
  { name, site, node, generation }: Identity,
  over: Partial<ManagedInstance> = {},
): ManagedInstance {
  const instance: ManagedInstance = {
    id: machine(number),
    activationId: `activation-of-${number}`,
    iamRole: "node",
    name: "",
    computerName: "",
    ipAddress: "192.0.2.1",
    platform: { name: "Ubuntu", version: "24.04" },
    agentVersion: "3.3.0.0",
    registeredAt: Date.now(),
    lastPingAt: Date.now(),
    tags: [{ Key: "anywhere.identity", Value: `${name}/${site}/${node}/${generation}` }],
    tagsToCome: undefined,
    ...over,
  };
  aws.managedInstances.set(instance.id, instance);
  return instance;
}

/** Registers a machine with ECS as this node: the container instance `ciNUMBER`, with these tasks. */
export function addInstance(
  { aws }: World,
  number: number,
  identity: Identity,
  { tasks = [], ...over }: Partial<ContainerInstance> & { readonly tasks?: readonly string[] } = {},
): ContainerInstance {
  const instance: ContainerInstance = {
    arn: arn(`container-instance/shop/ci${number}`),
    clusterName: "shop",
    managedInstanceId: machine(number),
    status: "ACTIVE",
    lastPollAt: Date.now(),
    registeredAt: Date.parse("2026-01-01T00:00:00Z"),
    attributes: [{ name: "ecs.os-type", value: "linux" }, ...marksOf(identity)],
    resources: { cpuUnits: 1024, memoryMiB: 1024 },
    agentVersion: "1.90.0",
    dockerVersion: "20.10.0",
    tags: [],
    ...over,
  };
  aws.containerInstances.set(instance.arn, instance);
  tasks.forEach((id) => aws.tasks.set(taskArn(id), runningTask(id, instance)));
  return instance;
}

function runningTask(id: string, { arn: containerInstanceArn, clusterName }: ContainerInstance): Task {
  return {
    arn: taskArn(id),
    clusterName,
    taskDefinitionArn: definition.taskDefinitionArn,
    group: "family:app",
    startedBy: "",
    enableExecuteCommand: false,
    clientToken: undefined,
    containerInstanceArn,
    lastStatus: "RUNNING",
    desiredStatus: "RUNNING",
    health: "UNKNOWN",
    createdAt: Date.now(),
    startedAt: Date.now(),
    stoppingAt: undefined,
    stoppedAt: undefined,
    stoppedReason: undefined,
    stopCode: undefined,
    containers: [],
    tags: [],
  };
}

/** Adds the node's activation, and what has become of it. */
export function addActivation(
  { aws }: World,
  fate: { readonly expired: boolean; readonly used: boolean },
): void {
  const hour = 3_600_000;
  const activation: Activation = {
    id: activationId,
    code: "code",
    iamRole: "node",
    description: "",
    defaultInstanceName: "",
    registrationLimit: 1,
    registrations: fate.used ? 1 : 0,
    createdAt: Date.now() - hour,
    expiresAt: Date.now() + (fate.expired ? -1 : 1) * hour,
    tags: [],
    tagDelay: 0,
    deleted: false,
  };
  aws.activations.set(activation.id, activation);
}

/** Registers the node, with these tasks, in Systems Manager and in ECS. */
export function register(world: World, ...tasks: string[]): ContainerInstance {
  addMachine(world, 1, node, { activationId });
  return addInstance(world, 1, node, { tasks });
}

const others = [
  { ...node, name: "shop2" },
  { ...node, site: "nyc31" },
  { ...node, node: "node-10" },
  { ...node, generation: "5f2b" },
];

/** The result of {@link registered} for the nodes that differ. */
export const registeredOthers = {
  managed: others.map((_, index) => machine(90 + index)),
  containers: others.map((_, index) => `ci${90 + index}`),
};

/** Registers four nodes that differ from the node in one mark each, as little as they can. */
export function registerOthers(world: World): void {
  others.forEach((identity, index) => {
    addMachine(world, 90 + index, identity);
    addInstance(world, 90 + index, identity);
  });
}

/** The registrations, by id. */
export function registered({ aws }: World) {
  return {
    managed: [...aws.managedInstances.keys()],
    containers: [...aws.containerInstances.values()]
      .filter(({ status }) => status !== "INACTIVE")
      .map(({ arn }) => arn.split("/")[2]),
  };
}
