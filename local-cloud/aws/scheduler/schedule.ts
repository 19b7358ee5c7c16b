/** A schedule's target, by the API's own names. */
export interface EcsTarget {
  /** ARN of the cluster. */
  readonly Arn: string;
  readonly RoleArn: string;
  readonly EcsParameters: {
    readonly TaskDefinitionArn: string;
    readonly LaunchType?: string;
    readonly TaskCount?: number;
    readonly Group?: string;
    readonly EnableECSManagedTags?: boolean;
    readonly EnableExecuteCommand?: boolean;
    readonly PropagateTags?: string;
    readonly PlacementConstraints?: readonly { readonly type?: string; readonly expression?: string }[];
    /** Each with the members `key` and `value`. */
    readonly Tags?: readonly Readonly<Record<string, string>>[];
  };
  readonly RetryPolicy: {
    readonly MaximumEventAgeInSeconds: number;
    readonly MaximumRetryAttempts: number;
  };
  readonly DeadLetterConfig?: { readonly Arn?: string };
  /** The tasks' differences from their definition: RunTask's `overrides`, as JSON. */
  readonly Input?: string;
}

/** The members of a schedule that a request sets, with the service's defaults filled in. */
export interface ScheduleSettings {
  readonly ScheduleExpression: string;
  readonly ScheduleExpressionTimezone: string;
  readonly State: "ENABLED" | "DISABLED";
  readonly FlexibleTimeWindow: {
    readonly Mode: "OFF" | "FLEXIBLE";
    readonly MaximumWindowInMinutes?: number;
  };
  readonly ActionAfterCompletion: "NONE" | "DELETE";
  readonly Target: EcsTarget;
  readonly StartDate?: Date;
  readonly EndDate?: Date;
  readonly Description?: string;
  /** ARN of the customer's key that encrypts it. */
  readonly KmsKeyArn?: string;
}

/** A schedule of the group `default`. Times are in milliseconds since the epoch. */
export interface Schedule {
  readonly arn: string;
  readonly name: string;
  settings: ScheduleSettings;
  readonly createdAt: number;
  modifiedAt: number;
  /** Everything due until then has become an invocation, or was due while it was disabled. */
  seenUntil: number;
  /** Invocations that have yet to succeed or be given up. */
  invocations: Invocation[];
}

/** One time that a schedule was due. */
export interface Invocation {
  /** When it was due by its expression. */
  readonly scheduledAt: number;
  /** When it is tried next. */
  nextAt: number;
  /** How often it has failed. */
  failures: number;
}
