import { z } from "zod";
import { isSame, nameOf, type Caller } from "../state/access";
import type { Account, Workspace } from "../state/account";
import { manageable, writable } from "../state/permission";
import { conflict } from "./api-error";
import { one, read } from "./document";
import type { Call, Routes } from "./route";
import { showWorkspace } from "./workspaces";

const reason = z.strictObject({ reason: z.string().optional() });
/** The documented form, or that of Terraform's client, which sends it as an object without a name. */
const locking = z.union([
  reason,
  z
    .strictObject({ data: z.strictObject({ type: z.literal(""), attributes: reason.optional() }) })
    .transform(({ data }) => data.attributes ?? {}),
]);

/** The lock of a workspace, respected by its runs and by everybody who writes its state. */
export function lockRoutes(account: Account): Routes {
  const path = "/api/v2/workspaces/{workspace}/actions";
  const workspaceOf = ({ caller, parameters }: Call): Workspace =>
    writable(account, caller, parameters["workspace"] ?? "");
  return {
    [`POST ${path}/lock`]: {
      answer: (call) => {
        const workspace = workspaceOf(call);
        const { reason: given = "" } = call.json === undefined ? {} : read(locking, call.json);
        lock(workspace, call.caller, given);
        return one(showWorkspace(account, workspace));
      },
    },
    [`POST ${path}/unlock`]: {
      answer: (call) => {
        const workspace = workspaceOf(call);
        unlock(workspace, call.caller);
        return one(showWorkspace(account, workspace));
      },
    },
    [`POST ${path}/force-unlock`]: {
      answer: ({ caller, parameters }) => {
        const workspace = manageable(account, caller, parameters["workspace"] ?? "");
        held(workspace);
        workspace.lock = undefined;
        return one(showWorkspace(account, workspace));
      },
    },
  };
}

/** @throws ApiError 409 when somebody holds the lock, even the same one */
export function lock(workspace: Workspace, by: Caller, reason: string): void {
  if (workspace.lock !== undefined) {
    throw conflict(
      `Unable to lock workspace. The workspace is already locked by ${nameOf(workspace.lock.by)}`,
    );
  }
  workspace.lock = { by, reason };
}

/** @throws ApiError 409 when this caller doesn't hold the lock, or when an upload of a state is awaited */
export function unlock(workspace: Workspace, by: Caller): void {
  const holder = held(workspace);
  if (!isSame(holder, by)) {
    throw conflict(`Unable to unlock workspace. Workspace is locked by ${nameOf(holder)}`);
  }
  if (workspace.versions.at(-1)?.file === undefined && workspace.versions.length > 0) {
    throw conflict("Unable to unlock workspace. The latest state version is still pending");
  }
  workspace.lock = undefined;
}

function held({ lock: present }: Workspace): Caller {
  if (present === undefined) {
    throw conflict("Unable to unlock workspace. The workspace is not locked");
  }
  return present.by;
}
