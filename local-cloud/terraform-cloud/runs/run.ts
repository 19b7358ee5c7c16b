import type { Workspace } from "../state/account";
import type { Log } from "./log";

/** A configuration that was or will be uploaded. */
export interface ConfigurationVersion {
  readonly id: string;
  readonly workspace: string;
  readonly speculative: boolean;
  readonly provisional: boolean;
  /** The end of its upload's address. */
  readonly secret: string;
  /** The archive; undefined until it is uploaded. */
  archive: Buffer | undefined;
}

/** The instructions for a run. Source: HCP Terraform API, "Create a Run". */
export interface RunOptions {
  readonly isDestroy: boolean;
  readonly refresh: boolean;
  readonly refreshOnly: boolean;
  readonly planOnly: boolean;
  readonly savePlan: boolean;
  readonly autoApply: boolean;
  readonly targets: readonly string[];
  readonly replace: readonly string[];
  readonly message: string;
}

// Source: HCP Terraform API, "Run States", without those of policies, tasks and estimates.
export type RunStatus =
  | "pending"
  | "planning"
  | "planned"
  | "planned_and_saved"
  | "planned_and_finished"
  | "confirmed"
  | "apply_queued"
  | "applying"
  | "applied"
  | "discarded"
  | "canceled"
  | "errored";

export type PhaseStatus = "pending" | "running" | "finished" | "errored" | "canceled" | "unreachable";

/** A plan or an apply. */
export interface Phase {
  readonly id: string;
  readonly log: Log;
  status: PhaseStatus;
}

export interface Run {
  readonly id: string;
  readonly workspace: Workspace;
  readonly configuration: ConfigurationVersion;
  readonly options: RunOptions;
  readonly createdAt: string;
  readonly plan: Phase;
  readonly apply: Phase;
  status: RunStatus;
  hasChanges: boolean;
  /** The plan as `terraform show -json` prints it. */
  planJson: Buffer | undefined;
  /** Whether somebody has cancelled it. */
  isCanceled: boolean;
  /** Ends the phase in progress. */
  interrupt: (() => void) | undefined;
}

/** Whether a run may be confirmed. */
export function isConfirmable({ status }: Run): boolean {
  return status === "planned" || status === "planned_and_saved";
}

/** Whether a run may be discarded: while it waits for confirmation, or for its turn. */
export function isDiscardable(run: Run): boolean {
  return isConfirmable(run) || run.status === "pending";
}

/** Whether one of a run's phases is in progress. */
export function isAtWork({ plan, apply }: Run): boolean {
  return [plan, apply].some(({ status }) => status === "running");
}

/** Whether a run is in progress, so that it may be cancelled. */
export function isUnderWay({ status }: Run): boolean {
  return ["pending", "planning", "confirmed", "apply_queued", "applying"].includes(status);
}

/** Whether a run keeps the workspace to itself: not a plan-only run, nor a saved plan. */
export function holdsWorkspace({ status, options }: Run): boolean {
  return (
    !options.planOnly && ["planning", "planned", "confirmed", "apply_queued", "applying"].includes(status)
  );
}

/** Whether a run has a place in the queue of its workspace. */
export function takesPlace(run: Run): boolean {
  return holdsWorkspace(run) || (run.status === "pending" && !run.options.planOnly);
}
