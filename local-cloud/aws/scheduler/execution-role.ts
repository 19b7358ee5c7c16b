import type { JsonObject } from "../../world";
import { ApiError, invalidInput } from "../protocol/api-error";
import type { MotoClient } from "../moto/moto-client";
import { isPermitted, trusts } from "../moto/permissions";
import type { Asked } from "../moto/policies";

/** A schedule's place, and IAM and KMS of its account. */
export interface Place {
  readonly account: string;
  readonly region: string;
  readonly moto: MotoClient;
}

/**
 * Requires, for a request with a target, that the scheduler may assume its role. A trust policy may name the account
 * and the group of schedules. Source: EventBridge Scheduler User Guide, "Confused deputy prevention".
 * @throws ApiError ValidationException
 */
export async function requireAssumableRole(input: JsonObject, place: Place): Promise<void> {
  const { RoleArn: role } = (input["Target"] ?? {}) as { readonly RoleArn?: string };
  if (role !== undefined && !(await isAssumable(role, place))) {
    throw invalidInput(
      "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    );
  }
}

/** Whether the scheduler may assume a role of its own account. */
export async function isAssumable(role: string, { account, region, moto }: Place): Promise<boolean> {
  const context = {
    "aws:SourceAccount": account,
    "aws:SourceArn": `arn:aws:scheduler:${region}:${account}:schedule-group/default`,
  };
  return (
    role.startsWith(`arn:aws:iam::${account}:role/`) &&
    (await trusts(moto, nameOf(role), "scheduler.amazonaws.com", context))
  );
}

/** @throws ApiError AccessDeniedException, in IAM's words, when the role may not do this */
export async function requirePermission(
  role: string,
  { account, moto }: Place,
  asked: Asked & { readonly resource: string },
): Promise<void> {
  const { action, resource } = asked;
  if (!(await isPermitted(moto, nameOf(role), asked))) {
    throw new ApiError(
      "AccessDeniedException",
      `User: arn:aws:sts::${account}:assumed-role/${nameOf(role)}/scheduler is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
    );
  }
}

const nameOf = (role: string): string => role.slice(role.lastIndexOf("/") + 1);
