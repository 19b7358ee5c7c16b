import { lastPart } from "../../protocol/arns";
import { addEvent } from "./deployments";
import { place, type Placement } from "../placement";
import type { Context } from "../../context";
import type { ContainerInstance, Deployment, EcsService, Task } from "../../state";
import { requestStop } from "../tasks/task-transitions";
import { addTask } from "../tasks/tasks";

/** Milliseconds between two equal events about a placement that keeps failing. */
const repeatAfter = 300_000;

const listed = (tasks: readonly Task[]): string =>
  tasks.map(({ arn }) => `(task ${lastPart(arn)})`).join(" ");

/** Stops tasks of a service in favour of a deployment. */
export function stopTasks(
  context: Context,
  service: EcsService,
  deployment: Deployment,
  tasks: readonly Task[],
): void {
  if (tasks.length === 0) {
    return;
  }
  const reason = `Scaling activity initiated by (deployment ${deployment.id})`;
  for (const task of tasks) {
    requestStop(context, task, { reason, code: "ServiceSchedulerInitiated" });
  }
  addEvent(context, service, `has stopped ${tasks.length} running tasks: ${listed(tasks)}.`);
}

/** Starts up to this many tasks of a deployment, as far as there is room for them. */
export function startTasks(
  context: Context,
  service: EcsService,
  deployment: Deployment,
  count: number,
): void {
  const started: Task[] = [];
  while (started.length < count) {
    const task = startTask(context, service, deployment);
    if (task === undefined) {
      break;
    }
    started.push(task);
  }
  if (started.length > 0) {
    addEvent(context, service, `has started ${started.length} tasks: ${listed(started)}.`);
  }
}

/** Starts a deployment's task on this instance, if there is room for it. */
export function startTaskOn(
  context: Context,
  service: EcsService,
  deployment: Deployment,
  instance: ContainerInstance,
): void {
  const task = startTask(context, service, deployment, [instance]);
  if (task !== undefined) {
    addEvent(context, service, `has started 1 tasks: ${listed([task])}.`);
  }
}

function startTask(
  context: Context,
  service: EcsService,
  deployment: Deployment,
  among?: readonly ContainerInstance[],
): Task | undefined {
  const known = context.world.aws.taskDefinitions.get(deployment.taskDefinitionArn);
  if (known === undefined) {
    return undefined;
  }
  const group = `service:${service.name}`;
  const placement = place(context, {
    clusterName: service.clusterName,
    definition: known.definition,
    constraints: service.placementConstraints,
    group,
    ...(among ? { among } : {}),
  });
  if (!("instance" in placement)) {
    reportFailure(context, service, placement);
    return undefined;
  }
  const tags =
    service.propagateTags === "SERVICE"
      ? service.tags
      : service.propagateTags === "TASK_DEFINITION"
        ? known.tags
        : [];
  const { taskDefinitionArn } = deployment;
  return addTask(context, placement.instance, {
    taskDefinitionArn,
    group,
    startedBy: deployment.id,
    tags,
    clientToken: undefined,
    enableExecuteCommand: service.enableExecuteCommand,
  });
}

function reportFailure(
  context: Context,
  service: EcsService,
  { reason, closest }: Exclude<Placement, { readonly instance: ContainerInstance }>,
): void {
  const detail =
    closest === undefined
      ? `Reason: ${reason}`
      : `The closest matching (container-instance ${lastPart(closest.arn)}) ${reason}.`;
  const message =
    `was unable to place a task because no container instance met all of its requirements. ${detail} ` +
    "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";
  const repeated = service.events.some(
    (event) => event.message.endsWith(message) && context.now - event.createdAt < repeatAfter,
  );
  if (!repeated) {
    addEvent(context, service, message);
  }
}
