import type { ContainerOverride } from "@aws-sdk/client-ecs";
import { parseExpression, type Subject } from "./expression";
import { type Context, isConnected } from "../context";
import type { ContainerInstance, Task, TaskDefinition } from "../state";

type Definition = TaskDefinition["definition"];

/** Host ports that Docker, SSH and the agent hold. Source: Amazon ECS API Reference, PortMapping. */
export const reservedPorts: readonly number[] = [22, 2375, 2376, 51678, 51679];

/** A task's share of its instance. */
export interface Demand {
  readonly cpuUnits: number;
  readonly memoryMiB: number;
  /** Fixed host ports. */
  readonly ports: readonly number[];
}

/** The resources of a task of this definition: the task's own limits, else the sum of its containers'. */
function demandOf(definition: Definition, overrides: readonly ContainerOverride[] = []): Demand {
  const containers = (definition.containerDefinitions ?? []).map((container) => ({
    ...container,
    ...memoryOf(overrides.find(({ name }) => name === container.name)),
  }));
  const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
  return {
    cpuUnits: Number(definition.cpu ?? sum(containers.map(({ cpu = 0 }) => cpu))),
    memoryMiB: Number(
      definition.memory ??
        sum(containers.map(({ memory = 0, memoryReservation }) => memoryReservation ?? memory)),
    ),
    ports: containers.flatMap(({ portMappings = [] }) =>
      portMappings.map(({ hostPort = 0 }) => hostPort).filter((port) => port !== 0),
    ),
  };
}

function memoryOf({ memory }: Partial<ContainerOverride> = {}): Pick<ContainerOverride, "memory"> {
  return memory === undefined ? {} : { memory };
}

/** Tasks that hold resources of an instance: all that have not stopped yet. */
export function tasksOn({ world }: Pick<Context, "world">, instance: ContainerInstance): Task[] {
  return [...world.aws.tasks.values()].filter(
    (task) => task.containerInstanceArn === instance.arn && task.lastStatus !== "STOPPED",
  );
}

/** An instance's free resources, and the ports that are taken. */
export function remainingOf(context: Context, instance: ContainerInstance): Demand {
  const demands = tasksOn(context, instance).map((task) => demandOfTask(context, task));
  return {
    cpuUnits: demands.reduce((left, { cpuUnits }) => left - cpuUnits, instance.resources.cpuUnits),
    memoryMiB: demands.reduce((left, { memoryMiB }) => left - memoryMiB, instance.resources.memoryMiB),
    ports: [...reservedPorts, ...demands.flatMap(({ ports }) => ports)],
  };
}

function demandOfTask({ world }: Context, { taskDefinitionArn, overrides }: Task): Demand {
  const known = world.aws.taskDefinitions.get(taskDefinitionArn);
  return known === undefined
    ? { cpuUnits: 0, memoryMiB: 0, ports: [] }
    : demandOf(known.definition, overrides);
}

/** The properties of an instance that the cluster query language sees. */
export function subjectOf(context: Context, instance: ContainerInstance): Subject {
  return {
    attributes: instance.attributes,
    agentConnected: isConnected(context, instance.lastPollAt),
    agentVersion: instance.agentVersion,
    runningTasksCount: tasksOn(context, instance).filter(({ lastStatus }) => lastStatus === "RUNNING").length,
    registeredAt: instance.registeredAt,
  };
}

/** A placement constraint of a service, a task or a task definition. */
export interface Constraint {
  readonly type?: string;
  readonly expression?: string;
}

/** Whether every `memberOf` constraint holds for an instance. */
export function isMember(constraints: readonly Constraint[], subject: Subject): boolean {
  return constraints.every(
    ({ type, expression }) => type !== "memberOf" || parseExpression(expression ?? "")(subject),
  );
}

/** The instance for a task, or why there is none. */
export type Placement =
  | { readonly instance: ContainerInstance }
  | { readonly code: string; readonly reason: string; readonly closest: ContainerInstance | undefined };

/**
 * Finds an instance for a task: ACTIVE, with a connected agent, satisfying the constraints, with free
 * ports, CPU and memory; of those, the one with the fewest tasks of the same group.
 */
export function place(
  context: Context,
  request: {
    readonly clusterName: string;
    readonly definition: Definition;
    readonly constraints: readonly Constraint[];
    readonly group: string;
    readonly overrides?: readonly ContainerOverride[];
    /** Instances to choose from; all of the cluster's when left out. */
    readonly among?: readonly ContainerInstance[];
  },
): Placement {
  const all =
    request.among ??
    [...context.world.aws.containerInstances.values()].filter(
      ({ clusterName }) => clusterName === request.clusterName,
    );
  const active = all.filter(({ status }) => status === "ACTIVE");
  if (active.length === 0) {
    return {
      code: "EMPTY CAPACITY",
      reason: "No Container Instances were found in your cluster.",
      closest: undefined,
    };
  }
  const demand = demandOf(request.definition, request.overrides);
  const constraints = [...request.constraints, ...(request.definition.placementConstraints ?? [])];
  const sameGroup = (instance: ContainerInstance): number =>
    tasksOn(context, instance).filter(({ group }) => group === request.group).length;
  const judged = active.map((instance) => {
    const subject = subjectOf(context, instance);
    const distinct = constraints.some(({ type }) => type === "distinctInstance") && sameGroup(instance) > 0;
    return {
      instance,
      obstacle: distinct
        ? obstacles.distinct
        : obstacleOf(subject, constraints, demand, remainingOf(context, instance)),
    };
  });
  const [best] = judged
    .filter(({ obstacle }) => obstacle === undefined)
    .map(({ instance }) => ({ instance, tasks: sameGroup(instance) }))
    .sort((left, right) => left.tasks - right.tasks);
  if (best !== undefined) {
    return { instance: best.instance };
  }
  // The closest match is the one that fails the latest check.
  const [closest] = judged.sort((left, right) => (right.obstacle?.rank ?? 0) - (left.obstacle?.rank ?? 0));
  const obstacle = closest?.obstacle ?? obstacles.constraint;
  return { code: obstacle.code, reason: obstacle.reason, closest: closest?.instance };
}

interface Obstacle {
  readonly rank: number;
  readonly code: string;
  readonly reason: string;
}

const obstacles = {
  constraint: {
    rank: 1,
    code: "MEMBEROF",
    reason: 'encountered error "MemberOf placement constraint unsatisfied."',
  },
  agent: { rank: 2, code: "AGENT", reason: 'encountered error "AGENT"' },
  distinct: {
    rank: 3,
    code: "DISTINCT",
    reason: 'encountered error "distinctInstance placement constraint unsatisfied."',
  },
  ports: { rank: 4, code: "RESOURCE:PORTS", reason: "is already using a port required by your task" },
  cpu: { rank: 5, code: "RESOURCE:CPU", reason: "has insufficient CPU units available" },
  memory: { rank: 6, code: "RESOURCE:MEMORY", reason: "has insufficient memory available" },
} satisfies Record<string, Obstacle>;

function obstacleOf(
  subject: Subject,
  constraints: readonly Constraint[],
  demand: Demand,
  remaining: Demand,
): Obstacle | undefined {
  if (!isMember(constraints, subject)) {
    return obstacles.constraint;
  }
  if (!subject.agentConnected) {
    return obstacles.agent;
  }
  if (demand.ports.some((port) => remaining.ports.includes(port))) {
    return obstacles.ports;
  }
  if (demand.cpuUnits > remaining.cpuUnits) {
    return obstacles.cpu;
  }
  return demand.memoryMiB > remaining.memoryMiB ? obstacles.memory : undefined;
}
