import { takeFault } from "../../faults";
import type { JsonObject } from "../../world";
import { type Api, callOperation, journalCall } from "../protocol/api";
import { ApiError, defect } from "../protocol/api-error";
import { lastPart } from "../protocol/arns";
import type { Place } from "../context";
import type { MotoClient } from "../moto/moto-client";
import { isAssumable, requirePermission } from "./execution-role";
import { requireUsableKey } from "./key";
import type { Schedule, ScheduleSettings } from "./schedule";

/** The stage on which schedules start tasks: a place, and everything else that is needed. */
export interface Stage {
  readonly place: Place;
  readonly ecs: Api;
  readonly moto: MotoClient;
}

const caller = "scheduler.amazonaws.com";
/** Source: seen in `startedBy` of real tasks, which has at most 36 characters then. */
const startedBy = ({ name }: Schedule): string => `chronos-schedule/${name}`.slice(0, 36);

/** The request of ECS's RunTask that a schedule sends. */
export function runTaskRequest(schedule: Schedule): JsonObject {
  const { Arn, EcsParameters: parameters, Input } = schedule.settings.Target;
  return {
    cluster: Arn,
    taskDefinition: parameters.TaskDefinitionArn,
    count: parameters.TaskCount ?? 1,
    startedBy: startedBy(schedule),
    ...given("launchType", parameters.LaunchType),
    ...given("group", parameters.Group),
    ...given("enableECSManagedTags", parameters.EnableECSManagedTags),
    ...given("propagateTags", parameters.PropagateTags),
    ...given(
      "placementConstraints",
      parameters.PlacementConstraints?.map((one) => ({ ...one })),
    ),
    ...given("tags", parameters.Tags),
    ...given("overrides", Input === undefined ? undefined : (JSON.parse(Input) as JsonObject)),
  };
}

function given(name: string, value: JsonObject[string] | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

/**
 * Starts a schedule's tasks with the permissions of its role, and returns their ARNs. ECS answers a lack of room with
 * success and its failures; nothing says that the scheduler reads these.
 * @throws ApiError if IAM or ECS refuses
 */
export async function startTasks(stage: Stage, schedule: Schedule, now: number): Promise<Started> {
  await authorise(stage, schedule.settings);
  const { tasks, failures } = runTask(stage, runTaskRequest(schedule), now);
  return {
    tasks: tasks.map(({ taskArn }) => taskArn),
    notPlaced: failures.map(({ reason }) => reason),
  };
}

/** ECS's answer to a schedule's request: ARNs of tasks, and why there are not more. */
interface Started {
  readonly tasks: readonly string[];
  readonly notPlaced: readonly string[];
}

interface Answer {
  readonly tasks: readonly { readonly taskArn: string }[];
  readonly failures: readonly { readonly arn: string; readonly reason: string }[];
}

/** A call of RunTask, which is in the journal like everybody's. @throws ApiError */
function runTask({ place, ecs }: Stage, input: JsonObject, now: number): Answer {
  const { world } = place;
  const text = JSON.stringify(input);
  const call = { api: ecs, name: "RunTask", input, caller };
  try {
    const fault = takeFault(world, { service: "ecs", operation: "RunTask", input: text });
    if (fault?.kind === "error") {
      throw new ApiError(fault.code, fault.message, fault.status);
    }
    const output = callOperation(ecs, "RunTask", JSON.parse(text) as object, { ...place, now });
    journalCall(world, { ...call, status: 200, answer: { output } });
    return output as Answer;
  } catch (error) {
    const { status, code } = error instanceof ApiError ? error : defect(String(error));
    journalCall(world, { ...call, status, answer: { error: code } });
    throw error;
  }
}

/**
 * The scheduler must be able to assume the role, and the role to decrypt the schedule, run this task definition in this
 * cluster, and pass its roles.
 */
async function authorise(
  { place, moto }: Stage,
  { Target, KmsKeyArn: key }: ScheduleSettings,
): Promise<void> {
  const { account, aws } = place.world;
  const { Arn, RoleArn, EcsParameters } = Target;
  const where = { account, region: place.settings.region, moto };
  if (!(await isAssumable(RoleArn, where))) {
    throw new ApiError("AccessDeniedException", `${caller} may not assume the role ${lastPart(RoleArn)}.`);
  }
  if (key !== undefined) {
    await requireUsableKey(key, where);
    await requirePermission(RoleArn, where, { action: "kms:Decrypt", resource: key });
  }
  const { TaskDefinitionArn: resource, Tags = [] } = EcsParameters;
  const context = { "ecs:cluster": Arn };
  await requirePermission(RoleArn, where, { action: "ecs:RunTask", resource, context });
  const { taskRoleArn, executionRoleArn } = aws.taskDefinitions.get(resource)?.definition ?? {};
  for (const role of [taskRoleArn, executionRoleArn].filter((one) => one !== undefined)) {
    const passed = { "iam:PassedToService": "ecs-tasks.amazonaws.com" };
    await requirePermission(RoleArn, where, { action: "iam:PassRole", resource: role, context: passed });
  }
  if (Tags.length > 0) {
    const tasks = `arn:aws:ecs:${where.region}:${account}:task/${lastPart(Arn)}/*`;
    await requirePermission(RoleArn, where, { action: "ecs:TagResource", resource: tasks });
  }
}
