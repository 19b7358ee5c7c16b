import { required, type Account, type Workspace } from "../state/account";
import { manageable } from "../state/permission";
import { invalid } from "./api-error";
import { nothing, page, paging, read, references } from "./document";
import type { Call, Routes } from "./route";
import { showWorkspace } from "./workspaces";

const consumers = references("workspaces");

/** The workspaces that may read a workspace's state. Source: HCP Terraform API, "Remote State Consumers". */
export function remoteStateRoutes(account: Account): Routes {
  const path = "/api/v2/workspaces/{workspace}/relationships/remote-state-consumers";
  const change = (act: (workspace: Workspace, ids: readonly string[]) => void) => ({
    answer: ({ caller, parameters, json }: Call) => {
      const workspace = manageable(account, caller, parameters["workspace"] ?? "");
      const ids = read(consumers, json);
      const unknown = ids.filter((id) => !account.workspaces.has(id));
      if (unknown.length > 0) {
        throw invalid(`there is no workspace ${unknown.join(", ")}`);
      }
      act(workspace, ids);
      return nothing;
    },
  });
  return {
    [`GET ${path}`]: {
      query: paging,
      answer: (call) => {
        const workspace = manageable(account, call.caller, call.parameters["workspace"] ?? "");
        const found = [...workspace.consumers].map((id) => required(account.workspaces.get(id)));
        return page(
          call,
          found.map((workspace) => showWorkspace(account, workspace)),
        );
      },
    },
    [`PATCH ${path}`]: change(({ consumers: present }, ids) => {
      present.clear();
      ids.forEach((id) => present.add(id));
    }),
    [`POST ${path}`]: change(({ consumers: present }, ids) => {
      ids.forEach((id) => present.add(id));
    }),
    [`DELETE ${path}`]: change(({ consumers: present }, ids) => {
      ids.forEach((id) => present.delete(id));
    }),
  };
}
