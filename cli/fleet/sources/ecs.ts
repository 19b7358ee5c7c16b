import type { ContainerInstance, ECSClient, Service, Task } from "@aws-sdk/client-ecs";
import { inParts } from "../../aws/client";
import { familyOf, idOf } from "../tasks";

/** The contents of a cluster in ECS. */
export interface EcsAnswer {
  readonly containerInstances: readonly ContainerInstance[];
  readonly services: readonly Service[];
  /** Those that should run, and the ended ones that were asked for. */
  readonly tasks: readonly Task[];
}

/** The query for ECS. */
export interface EcsQuestion {
  readonly cluster: string;
  /** Names of ECS services. */
  readonly services: readonly string[];
  /** Families of task definitions whose ended tasks are included. */
  readonly endedOf: readonly string[];
}

/**
 * Up to this many families, ended tasks are listed by family; beyond it, all ended tasks are. Source: Amazon ECS API
 * Reference, "Request throttling": a hundred such calls at once, and twenty a second.
 */
const fewFamilies = 10;

/** Asks ECS for everything in a cluster. The number of calls grows by two for each hundred nodes or tasks. */
export async function askEcs(client: ECSClient, question: EcsQuestion): Promise<EcsAnswer> {
  const { cluster, services, endedOf } = question;
  const which = endedOf.length > fewFamilies ? [{}] : endedOf.map((family) => ({ family }));
  const ended = which.map((one) => listTasks(client, { cluster, ...one, desiredStatus: "STOPPED" }));
  const [containerInstances, described, tasks] = await Promise.all([
    containerInstancesOf(client, cluster),
    describeServices(client, cluster, services),
    Promise.all([listTasks(client, { cluster, desiredStatus: "RUNNING" }), ...ended]).then((arns) =>
      describeTasks(client, cluster, arns.flat()),
    ),
  ]);
  const isAsked = ({ desiredStatus, taskDefinitionArn }: Task): boolean =>
    desiredStatus !== "STOPPED" || endedOf.includes(familyOf(idOf(taskDefinitionArn)));
  return { containerInstances, services: described, tasks: tasks.filter(isAsked) };
}

/** The instances of a cluster that can run tasks. */
export async function containerInstancesOf(client: ECSClient, cluster: string): Promise<ContainerInstance[]> {
  const { DescribeContainerInstancesCommand, paginateListContainerInstances } =
    await import("@aws-sdk/client-ecs");
  const arns: string[] = [];
  for await (const page of paginateListContainerInstances({ client }, { cluster })) {
    arns.push(...(page.containerInstanceArns ?? []));
  }
  // Source: Amazon ECS API Reference, DescribeContainerInstances: 100 at a time.
  const answers = await Promise.all(
    inParts(arns, 100).map((containerInstances) =>
      client.send(new DescribeContainerInstancesCommand({ cluster, containerInstances, include: ["TAGS"] })),
    ),
  );
  return answers.flatMap((answer) => answer.containerInstances ?? []);
}

/** The services that exist, of those with these names. */
export async function describeServices(
  client: ECSClient,
  cluster: string,
  names: readonly string[],
): Promise<Service[]> {
  const { DescribeServicesCommand } = await import("@aws-sdk/client-ecs");
  // Source: Amazon ECS API Reference, DescribeServices: 10 at a time.
  const answers = await Promise.all(
    inParts(names, 10).map((services) => client.send(new DescribeServicesCommand({ cluster, services }))),
  );
  return answers.flatMap(({ services = [] }) => services);
}

interface Listed {
  readonly cluster: string;
  readonly desiredStatus: "RUNNING" | "STOPPED";
  readonly family?: string;
  readonly serviceName?: string;
}

/** ARNs of tasks. ECS remembers those that have stopped for an hour. */
export async function listTasks(client: ECSClient, which: Listed): Promise<string[]> {
  const { paginateListTasks } = await import("@aws-sdk/client-ecs");
  const arns: string[] = [];
  for await (const { taskArns = [] } of paginateListTasks({ client }, which)) {
    arns.push(...taskArns);
  }
  return arns;
}

/** These tasks, as far as ECS still knows them. */
export async function describeTasks(
  client: ECSClient,
  cluster: string,
  arns: readonly string[],
): Promise<Task[]> {
  const { DescribeTasksCommand } = await import("@aws-sdk/client-ecs");
  // Source: Amazon ECS API Reference, DescribeTasks: 100 at a time.
  const answers = await Promise.all(
    inParts(arns, 100).map((tasks) => client.send(new DescribeTasksCommand({ cluster, tasks }))),
  );
  return answers.flatMap(({ tasks = [] }) => tasks);
}
