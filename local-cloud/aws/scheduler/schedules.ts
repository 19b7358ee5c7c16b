import type { Context } from "../context";
import { ApiError, invalidInput, notModelled } from "../protocol/api-error";
import { operation, type Operations } from "../protocol/operation";
import { schedulerPage } from "../protocol/paging";
import { parseExpression } from "./expression";
import type { EcsTarget, Schedule, ScheduleSettings } from "./schedule";
import { wallClockOf } from "./wall-clock";

/** A request that creates or updates a schedule, as far as it is modelled. */
type Request = Partial<Omit<ScheduleSettings, "Target">> &
  Pick<ScheduleSettings, "ScheduleExpression" | "FlexibleTimeWindow"> & {
    readonly Name: string;
    readonly GroupName?: string;
    readonly Target: Omit<EcsTarget, "EcsParameters" | "RetryPolicy"> & {
      readonly EcsParameters?: EcsTarget["EcsParameters"];
      readonly RetryPolicy?: Partial<EcsTarget["RetryPolicy"]>;
    };
  };

interface Reference {
  readonly Name: string;
  readonly GroupName?: string;
}

function createSchedule(context: Context, request: Request): object {
  const name = request.Name;
  requireGroup(request);
  if (context.world.aws.schedules.has(name)) {
    throw new ApiError("ConflictException", `Schedule ${name} already exists.`, 409);
  }
  const createdAt = context.now;
  const schedule: Schedule = {
    arn: `arn:aws:scheduler:${context.settings.region}:${context.world.account}:schedule/default/${name}`,
    name,
    settings: checkedSettings(request, createdAt),
    createdAt,
    modifiedAt: createdAt,
    // A rate without a start is due at once.
    seenUntil: createdAt - 1,
    invocations: [],
  };
  context.world.aws.schedules.set(name, schedule);
  return { ScheduleArn: schedule.arn };
}

/** Replaces everything that a request sets; a rate keeps its beginning. */
function updateSchedule(context: Context, request: Request): object {
  const schedule = requireSchedule(context, request);
  schedule.settings = checkedSettings(request, schedule.createdAt);
  schedule.modifiedAt = context.now;
  return { ScheduleArn: schedule.arn };
}

function getSchedule(context: Context, request: Reference): object {
  const { settings, ...schedule } = requireSchedule(context, request);
  return { ...summaryOf({ settings, ...schedule }), ...settings };
}

/** Drops invocations that are due already. */
function deleteSchedule(context: Context, request: Reference): object {
  context.world.aws.schedules.delete(requireSchedule(context, request).name);
  return {};
}

function listSchedules(
  context: Context,
  request: {
    readonly GroupName?: string;
    readonly NamePrefix?: string;
    readonly State?: string;
    readonly NextToken?: string;
    readonly MaxResults?: number;
  },
): object {
  requireGroup(request);
  const { NamePrefix: prefix = "", State: state } = request;
  const found = [...context.world.aws.schedules.values()]
    .filter((one) => one.name.startsWith(prefix) && (state === undefined || one.settings.State === state))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const page = schedulerPage(context, found, request);
  const Schedules = page.items.map((one) => ({
    ...summaryOf(one),
    State: one.settings.State,
    Target: { Arn: one.settings.Target.Arn },
  }));
  return { Schedules, ...(page.nextToken !== undefined && { NextToken: page.nextToken }) };
}

function summaryOf({ arn, name, createdAt, modifiedAt }: Omit<Schedule, "invocations" | "seenUntil">) {
  const times = { CreationDate: new Date(createdAt), LastModificationDate: new Date(modifiedAt) };
  return { Arn: arn, Name: name, GroupName: "default", ...times };
}

/** There is no other group, since nothing can create one. */
function requireGroup({ GroupName: group = "default" }: { readonly GroupName?: string }): void {
  if (group !== "default") {
    throw new ApiError("ResourceNotFoundException", `Schedule group ${group} does not exist.`, 404);
  }
}

function requireSchedule({ world }: Context, reference: Reference): Schedule {
  requireGroup(reference);
  const schedule = world.aws.schedules.get(reference.Name);
  if (schedule === undefined) {
    throw new ApiError("ResourceNotFoundException", `Schedule ${reference.Name} does not exist.`, 404);
  }
  return schedule;
}

/** Source of the defaults: EventBridge Scheduler API Reference, CreateSchedule and RetryPolicy. */
function checkedSettings(request: Request, createdAt: number): ScheduleSettings {
  const {
    FlexibleTimeWindow: window,
    ScheduleExpressionTimezone: zone = "UTC",
    StartDate,
    EndDate,
  } = request;
  const clock = wallClockOf(zone);
  if (clock === undefined) {
    throw invalidInput(`Provided ScheduleExpressionTimezone is not recognized: ${zone}.`);
  }
  if (parseExpression(request.ScheduleExpression, clock, createdAt) === undefined) {
    throw invalidInput(`Invalid Schedule Expression ${request.ScheduleExpression}.`);
  }
  if ((window.Mode === "FLEXIBLE") !== (window.MaximumWindowInMinutes !== undefined)) {
    throw invalidInput(
      "MaximumWindowInMinutes belongs to a FlexibleTimeWindow of Mode FLEXIBLE, which needs it.",
    );
  }
  if (StartDate !== undefined && EndDate !== undefined && StartDate >= EndDate) {
    throw invalidInput("The StartDate you specify must come before the EndDate.");
  }
  return {
    ScheduleExpression: request.ScheduleExpression,
    ScheduleExpressionTimezone: zone,
    State: request.State ?? "ENABLED",
    FlexibleTimeWindow: window,
    ActionAfterCompletion: request.ActionAfterCompletion ?? "NONE",
    Target: checkedTarget(request.Target),
    ...(StartDate && { StartDate }),
    ...(EndDate && { EndDate }),
    ...(request.Description !== undefined && { Description: request.Description }),
    ...(request.KmsKeyArn !== undefined && { KmsKeyArn: request.KmsKeyArn }),
  };
}

function checkedTarget({
  EcsParameters: parameters,
  RetryPolicy: policy,
  ...target
}: Request["Target"]): EcsTarget {
  if (!/^arn:aws:ecs:[^:]+:\d{12}:cluster\/.+$/.test(target.Arn) || parameters === undefined) {
    throw notModelled("a schedule whose target is not a cluster with EcsParameters");
  }
  if (parameters.LaunchType !== "EXTERNAL") {
    throw notModelled("a schedule with a launch type other than EXTERNAL");
  }
  if (parameters.EnableExecuteCommand === true) {
    throw notModelled("a schedule whose tasks have ECS Exec");
  }
  if (target.DeadLetterConfig?.Arn?.endsWith(".fifo") === true) {
    throw invalidInput("A FIFO queue can't be a schedule's dead-letter queue.");
  }
  if (target.Input !== undefined && !isJson(target.Input)) {
    throw invalidInput("Invalid Input: it must be valid JSON.");
  }
  return {
    ...target,
    EcsParameters: parameters,
    RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185, ...policy },
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const settable = `
  Name GroupName ClientToken ScheduleExpression ScheduleExpressionTimezone State StartDate EndDate Description
  KmsKeyArn ActionAfterCompletion FlexibleTimeWindow.Mode FlexibleTimeWindow.MaximumWindowInMinutes Target.Arn Target.RoleArn
  Target.Input Target.DeadLetterConfig.Arn Target.RetryPolicy.MaximumEventAgeInSeconds
  Target.RetryPolicy.MaximumRetryAttempts Target.EcsParameters.TaskDefinitionArn Target.EcsParameters.LaunchType
  Target.EcsParameters.TaskCount Target.EcsParameters.Group Target.EcsParameters.Tags
  Target.EcsParameters.EnableECSManagedTags Target.EcsParameters.EnableExecuteCommand
  Target.EcsParameters.PropagateTags Target.EcsParameters.PlacementConstraints.type
  Target.EcsParameters.PlacementConstraints.expression`;

/** Operations of EventBridge Scheduler by name. */
export const schedulerOperations: Operations = {
  CreateSchedule: operation(settable, createSchedule),
  UpdateSchedule: operation(settable, updateSchedule),
  GetSchedule: operation("Name GroupName", getSchedule),
  DeleteSchedule: operation("Name GroupName ClientToken", deleteSchedule),
  ListSchedules: operation("GroupName NamePrefix State NextToken MaxResults", listSchedules),
};
