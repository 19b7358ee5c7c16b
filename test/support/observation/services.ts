import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  type ListTasksCommandInput,
  type DesiredStatus,
  type ECSClient,
  type Service,
  type Task,
} from "@aws-sdk/client-ecs";
import { listContainerInstances } from "./clouds";
import type { LifeCycle } from "../deployments/life-cycle";

/** The service of a site, as ECS tells. */
export async function serviceOf(ecs: ECSClient, { deployment }: LifeCycle, site: string): Promise<Service> {
  const { services = [] } = await ecs.send(
    new DescribeServicesCommand({ cluster: deployment, services: [`web--${site}`] }),
  );
  const [service] = services;
  if (service === undefined) {
    throw new Error(`${deployment} has no service of ${site}`);
  }
  return service;
}

/** The tasks of a site's service: those that are to run, or those that are to stop or have stopped. */
export function tasksOf(
  ecs: ECSClient,
  life: LifeCycle,
  site: string,
  desiredStatus: DesiredStatus,
): Promise<Task[]> {
  return listTasks(ecs, life, { serviceName: `web--${site}`, desiredStatus });
}

/** The tasks of a service or a family. */
export async function listTasks(
  ecs: ECSClient,
  { deployment: cluster }: LifeCycle,
  which: Pick<ListTasksCommandInput, "serviceName" | "family" | "desiredStatus">,
): Promise<Task[]> {
  const { taskArns: tasks = [] } = await ecs.send(new ListTasksCommand({ cluster, ...which }));
  return tasks.length === 0
    ? []
    : ((await ecs.send(new DescribeTasksCommand({ cluster, tasks }))).tasks ?? []);
}

/** The ACTIVE revisions of the task definition of a site. */
export async function activeRevisions(
  ecs: ECSClient,
  { deployment }: LifeCycle,
  site: string,
): Promise<string[]> {
  const { taskDefinitionArns = [] } = await ecs.send(
    new ListTaskDefinitionsCommand({ familyPrefix: `${deployment}--web--${site}`, status: "ACTIVE" }),
  );
  return taskDefinitionArns;
}

/** How a task gave way to another one on its node: when what happened, in milliseconds since the epoch. */
export interface Handover {
  readonly node: string;
  /** It was told to stop. */
  readonly told: number;
  /** The load balancer noticed. */
  readonly out: number | undefined;
  readonly ended: number;
  readonly exitCode: number | undefined;
  /** The load balancer sent requests to the node again. */
  readonly in: number | undefined;
}

/** How the tasks of a site that ran this revision gave way since `mark`, in order. */
export async function handovers(
  ecs: ECSClient,
  life: LifeCycle,
  site: string,
  revision: string,
  mark: number,
): Promise<Handover[]> {
  const instances = await listContainerInstances(ecs, life.deployment, `attribute:anywhere.site == ${site}`);
  const journal = await life.since(mark);
  const tasks = await tasksOf(ecs, life, site, "STOPPED");
  return tasks
    .filter(({ taskDefinitionArn }) => taskDefinitionArn === revision)
    .map((task): Handover => {
      const node = instances.find(({ arn }) => arn === task.containerInstanceArn)?.node ?? "";
      const told = task.stoppingAt?.getTime() ?? NaN;
      const ended = task.stoppedAt?.getTime() ?? NaN;
      const first = (event: string, after: number) =>
        journal.find(
          ({ name, at, detail }) =>
            name === event && at >= after && detail["name"] === `${life.deployment}--${site}--${node}`,
        )?.at;
      return {
        node,
        told,
        out: first("backend-unhealthy", told),
        ended,
        exitCode: task.containers?.[0]?.exitCode,
        in: first("backend-healthy", ended),
      };
    })
    .sort((left, right) => left.told - right.told);
}
