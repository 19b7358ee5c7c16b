import type { World } from "../../../world";
import { lastPart } from "../../protocol/arns";
import { addEvent } from "./deployments";
import { place, type Placement } from "../placement";
import type { Settings } from "../../settings";
import type { ContainerInstance, Deployment, EcsService, Task } from "../../state";
import { requestStop } from "../tasks/task-transitions";
import { addTask } from "../tasks/tasks";

/** Milliseconds between two events that say the same of a placement that keeps failing. */
const repeatAfter = 300_000;

const listed = (tasks: readonly Task[]): string =>
  tasks.map(({ arn }) => `(task ${lastPart(arn)})`).join(" ");

/** Stops tasks of a service in favour of a deployment. */
export function stopTasks(
  service: EcsService,
  tasks: readonly Task[],
  deployment: Deployment,
  now: number,
): void {
  if (tasks.length === 0) {
    return;
  }
  const reason = `Scaling activity initiated by (deployment ${deployment.id})`;
  for (const task of tasks) {
    requestStop(task, { reason, code: "ServiceSchedulerInitiated" }, now);
  }
  addEvent(service, `has stopped ${tasks.length} running tasks: ${listed(tasks)}.`, now);
}

/** Starts up to so many tasks of a deployment, as far as there is place for them. */
export function startTasks(
  world: World,
  service: EcsService,
  deployment: Deployment,
  count: number,
  now: number,
  settings: Settings,
): void {
  const started: Task[] = [];
  while (started.length < count) {
    const task = startTask(world, service, deployment, undefined, now, settings);
    if (task === undefined) {
      break;
    }
    started.push(task);
  }
  if (started.length > 0) {
    addEvent(service, `has started ${started.length} tasks: ${listed(started)}.`, now);
  }
}

/** Starts a deployment's task on this instance, if there is place for it. */
export function startTaskOn(
  world: World,
  service: EcsService,
  deployment: Deployment,
  instance: ContainerInstance,
  now: number,
  settings: Settings,
): void {
  const task = startTask(world, service, deployment, [instance], now, settings);
  if (task !== undefined) {
    addEvent(service, `has started 1 tasks: ${listed([task])}.`, now);
  }
}

function startTask(
  world: World,
  service: EcsService,
  deployment: Deployment,
  among: readonly ContainerInstance[] | undefined,
  now: number,
  settings: Settings,
): Task | undefined {
  const known = world.aws.taskDefinitions.get(deployment.taskDefinitionArn);
  if (known === undefined) {
    return undefined;
  }
  const group = `service:${service.name}`;
  const placement = place(
    world,
    {
      clusterName: service.clusterName,
      definition: known.definition,
      constraints: service.placementConstraints,
      group,
      ...(among ? { among } : {}),
    },
    now,
    settings,
  );
  if (!("instance" in placement)) {
    reportFailure(service, placement, now);
    return undefined;
  }
  const tags =
    service.propagateTags === "SERVICE"
      ? service.tags
      : service.propagateTags === "TASK_DEFINITION"
        ? known.tags
        : [];
  const { taskDefinitionArn } = deployment;
  return addTask(
    world,
    placement.instance,
    { taskDefinitionArn, group, startedBy: deployment.id, tags, clientToken: undefined },
    now,
    settings,
  );
}

function reportFailure(
  service: EcsService,
  { reason, closest }: Exclude<Placement, { readonly instance: ContainerInstance }>,
  now: number,
): void {
  const detail =
    closest === undefined
      ? `Reason: ${reason}`
      : `The closest matching (container-instance ${lastPart(closest.arn)}) ${reason}.`;
  const message =
    `was unable to place a task because no container instance met all of its requirements. ${detail} ` +
    "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
  const repeated = service.events.some(
    (event) => event.message.endsWith(message) && now - event.createdAt < repeatAfter,
  );
  if (!repeated) {
    addEvent(service, message, now);
  }
}
