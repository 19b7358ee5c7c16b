import type { Caller } from "./access";
import { required, type Account, type Workspace } from "./account";
import { notFound } from "../api/api-error";

/** The workspace, if this caller may read its state. @throws ApiError 404 */
export function readable({ workspaces }: Account, caller: Caller, id: string): Workspace {
  const workspace = required(workspaces.get(id));
  if (
    caller.kind === "run" &&
    caller.workspace !== id &&
    !workspace.globalRemoteState &&
    !workspace.consumers.has(caller.workspace)
  ) {
    throw notFound();
  }
  return workspace;
}

/** The workspace, if this caller may write its state. @throws ApiError 404 */
export function writable({ workspaces }: Account, caller: Caller, id: string): Workspace {
  mayWrite(caller, id);
  return required(workspaces.get(id));
}

/** The workspace, if this caller may change its settings and start runs in it: no run may. @throws ApiError 404 */
export function manageable({ workspaces }: Account, caller: Caller, id: string): Workspace {
  mayManage(caller);
  return required(workspaces.get(id));
}

/** @throws ApiError 404 for a run */
export function mayManage(caller: Caller): void {
  if (caller.kind === "run") {
    throw notFound();
  }
}

function mayWrite(caller: Caller, id: string): void {
  if (caller.kind === "run" && caller.workspace !== id) {
    throw notFound();
  }
}
