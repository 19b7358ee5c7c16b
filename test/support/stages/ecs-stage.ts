import { pollAgent } from "../../../local-cloud/aws/ecs/agent";
import { ecsOperations, ssmOperations } from "../../../local-cloud/aws/protocol/api";
import type { Context } from "../../../local-cloud/aws/context";
import { reconcile } from "../../../local-cloud/aws/ecs/reconcile";
import { defaultSettings, type Settings } from "../../../local-cloud/aws/settings";
import type { EcsService, Task } from "../../../local-cloud/aws/state";
import type { Assignment, ContainerReport, TaskReport } from "../../../local-cloud/machines";
import { createWorld, type World } from "../../../local-cloud/world";

/** How a task's containers are. */
export type Outcome = Pick<ContainerReport, "status" | "health" | "exitCode" | "reason" | "runtimeId">;

/** A node of the stage: its agent says what the test wants. */
export interface Node {
  readonly managedInstanceId: string;
  readonly containerInstanceArn: string;
  /** False once its agent has stopped calling. */
  alive: boolean;
  /** Its report on a task that should run; a healthy container when left out. */
  run?: (assignment: Assignment) => Outcome;
  /** Its report on each container of such a task, by name; as the task's when left out. */
  each?: (name: string) => Outcome;
}

/** ECS and Systems Manager without HTTP, on a clock of their own. */
export interface Stage {
  readonly world: World;
  readonly settings: Settings;
  readonly nodes: Node[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Calls an operation; throws its error. */
  readonly call: (operation: string, input: object) => object;
  /** Adds a machine with a connected agent; its activation is as `activation` says. */
  readonly addNode: (attributes?: Readonly<Record<string, string>>, activation?: object) => Node;
  /** Lets time go by in steps of half a second, agents and scheduler working. */
  readonly advance: (seconds: number) => void;
  readonly service: (name?: string) => EcsService;
  /** Tasks that have not stopped. */
  readonly tasks: () => Task[];
}

const healthy = (): Outcome => ({ status: "RUNNING", health: "HEALTHY" });

/** The next report of an obedient agent about a task. */
export function reportOn(
  assignment: Assignment,
  run: NonNullable<Node["run"]> = healthy,
  each: NonNullable<Node["each"]> = () => run(assignment),
): TaskReport {
  const { taskArn, desiredStatus, containers: orders } = assignment;
  const stopped: Outcome = { status: "STOPPED", health: "UNKNOWN", exitCode: 0 };
  const containers = orders.map(({ name }) => ({
    name,
    networkBindings: [],
    ...(desiredStatus === "STOPPED" ? stopped : each(name)),
  }));
  const reached = (["PENDING", "RUNNING"] as const).find((status) =>
    containers.some((container) => container.status === status),
  );
  return { taskArn, status: reached ?? "STOPPED", containers };
}

/** A stage with an ACTIVE cluster `anywhere` and a task definition `app:1` with host port 8080 and a health check. */
export function createStage(options: Partial<Settings> = {}, start = 1_700_000_000_000): Stage {
  const world = createWorld("123456789012");
  const settings = { ...defaultSettings, ...options };
  const nodes: Node[] = [];
  const known = new Map<Node, Map<string, TaskReport>>();
  let now = start;
  const context = (): Context => ({ world, settings, now });
  const call = (name: string, input: object): object => {
    const operation = ecsOperations[name] ?? ssmOperations[name];
    if (operation === undefined) {
      throw new Error(`No operation ${name}`);
    }
    return operation.run(context(), input);
  };
  const addNode = (attributes: Readonly<Record<string, string>> = {}, settings: object = {}): Node => {
    const activation = call("CreateActivation", { IamRole: "node", ...settings }) as {
      ActivationId: string;
      ActivationCode: string;
    };
    const { InstanceId } = call("RegisterManagedInstance", { ...activation, Fingerprint: "f" }) as {
      InstanceId: string;
    };
    const { containerInstance } = call("RegisterContainerInstance", {
      cluster: "anywhere",
      instanceIdentityDocument: JSON.stringify({ instanceId: InstanceId }),
      attributes: Object.entries(attributes).map(([name, value]) => ({ name, value })),
      totalResources: [
        { name: "CPU", type: "INTEGER", integerValue: 1024 },
        { name: "MEMORY", type: "INTEGER", integerValue: 1024 },
      ],
    }) as { containerInstance: { containerInstanceArn: string } };
    const { containerInstanceArn } = containerInstance;
    const node: Node = { managedInstanceId: InstanceId, containerInstanceArn, alive: true };
    nodes.push(node);
    known.set(node, new Map());
    return node;
  };
  const poll = (node: Node): void => {
    const reports = known.get(node) ?? new Map<string, TaskReport>();
    const { managedInstanceId, containerInstanceArn } = node;
    const machine = managedInstanceId;
    const orders = pollAgent(context(), {
      machine,
      managedInstanceId,
      containerInstanceArn,
      tasks: [...reports.values()],
    });
    reports.clear();
    for (const assignment of orders.tasks) {
      reports.set(assignment.taskArn, reportOn(assignment, node.run, node.each));
    }
  };
  call("CreateCluster", {
    clusterName: "anywhere",
    tags: [{ key: "anywhere.deployment", value: "anywhere" }],
  });
  registerRevision(call);
  return {
    world,
    settings,
    nodes,
    now: () => now,
    call,
    addNode,
    advance: (seconds) => {
      for (let step = 0; step < seconds * 2; step += 1) {
        nodes.filter(({ alive }) => alive).forEach(poll);
        reconcile(context());
        now += 500;
      }
    },
    service: (name = "app") => {
      const service = [...world.aws.services.values()].find((candidate) => candidate.name === name);
      if (service === undefined) {
        throw new Error(`No service ${name}`);
      }
      return service;
    },
    tasks: () => [...world.aws.tasks.values()].filter(({ lastStatus }) => lastStatus !== "STOPPED"),
  };
}

/** Registers the next revision of `app`. */
export function registerRevision(call: Stage["call"], container: object = {}): void {
  call("RegisterTaskDefinition", {
    family: "app",
    requiresCompatibilities: ["EXTERNAL"],
    networkMode: "bridge",
    containerDefinitions: [
      {
        name: "app",
        image: "registry.example/app:v1",
        memory: 64,
        portMappings: [{ containerPort: 8080, hostPort: 8080 }],
        healthCheck: { command: ["CMD", "healthcheck"] },
        ...container,
      },
    ],
  });
}

/** Input of CreateService for the service `app`. */
export function serviceInput(over: object = {}): object {
  return {
    cluster: "anywhere",
    serviceName: "app",
    taskDefinition: "app",
    launchType: "EXTERNAL",
    desiredCount: 3,
    availabilityZoneRebalancing: "DISABLED",
    deploymentConfiguration: {
      minimumHealthyPercent: 66,
      maximumPercent: 100,
      deploymentCircuitBreaker: { enable: true, rollback: true },
    },
    ...over,
  };
}

/** A stage with so many nodes and the service `app`, five seconds later. */
export function stageWithService(nodes: number, input: object): Stage {
  const stage = createStage();
  for (let added = 0; added < nodes; added += 1) {
    stage.addNode({ site: "ams3" });
  }
  stage.call("CreateService", serviceInput(input));
  stage.advance(5);
  return stage;
}

/** Lets time go by, and returns the least number of healthy tasks on the way. */
export function leastHealthy(stage: Stage, seconds: number): number {
  let least = Infinity;
  for (let passed = 0; passed < seconds; passed += 0.5) {
    stage.advance(0.5);
    const healthy = stage
      .tasks()
      .filter(({ desiredStatus, health }) => desiredStatus === "RUNNING" && health === "HEALTHY");
    least = Math.min(least, healthy.length);
  }
  return least;
}
