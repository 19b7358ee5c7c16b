import { z } from "zod";
import {
  executionModeOf,
  executionModes,
  newId,
  required,
  workspaceNamed,
  type Account,
  type Workspace,
} from "../state/account";
import { manageable, mayManage, readable } from "../state/permission";
import { currentOf } from "../state/state-version";
import { conflict, invalid } from "./api-error";
import { form, nothing, one, page, paging, read, related, toOne, type Resource } from "./document";
import type { Routes } from "./route";

// Source: HCP Terraform API, "Workspaces".
const name = z.string().regex(/^[A-Za-z0-9_-]{1,90}$/, "must be 1 to 90 letters, digits, _ and -");
const settings = {
  description: z.string().nullish(),
  "auto-apply": z.boolean().optional(),
  "execution-mode": z.enum(executionModes).optional(),
  "agent-pool-id": z.string().nullish(),
  "setting-overwrites": z
    .strictObject({ "execution-mode": z.boolean().optional(), "agent-pool": z.boolean().optional() })
    .optional(),
  "global-remote-state": z.boolean().optional(),
  "terraform-version": z.string().optional(),
};
const relationships = z.strictObject({ project: related("projects") });
const creation = form("workspaces", z.strictObject({ name, ...settings }), relationships);
const change = form(
  "workspaces",
  z.strictObject({ name: name.optional(), ...settings }).default({}),
  relationships,
);

type Settings = z.output<typeof change>["data"];

/** Workspaces and their settings. */
export function workspaceRoutes(account: Account): Routes {
  const { organisation, workspaces } = account;
  const path = `/api/v2/organizations/${organisation}/workspaces`;
  const show = (workspace: Workspace): Resource => showWorkspace(account, workspace);
  const named = (name = ""): Workspace => required(workspaceNamed(account, name));
  const update = (workspace: Workspace, data: Settings) => {
    apply(account, workspace, data);
    return one(show(workspace));
  };
  const remove = (workspace: Workspace) => {
    workspaces.delete(workspace.id);
    workspaces.forEach(({ consumers }) => consumers.delete(workspace.id));
    return nothing;
  };
  const removeSafely = (workspace: Workspace) => {
    if (workspace.lock !== undefined) {
      throw conflict(`Workspace ${workspace.name} is locked`);
    }
    if (currentOf(workspace.versions)?.resources !== 0) {
      throw conflict(`Workspace ${workspace.name} is still managing resources`);
    }
    return remove(workspace);
  };
  return {
    [`GET ${path}`]: {
      query: ["search[name]", "filter[project][id]", ...paging],
      answer: (call) => {
        mayManage(call.caller);
        const [part, project] = [call.query.get("search[name]") ?? "", call.query.get("filter[project][id]")];
        const found = [...workspaces.values()].filter(
          (workspace) =>
            workspace.name.includes(part) && (project === null || workspace.project.id === project),
        );
        return page(call, found.map(show));
      },
    },
    [`POST ${path}`]: {
      answer: ({ caller, json }) => {
        mayManage(caller);
        const { data } = read(creation, json);
        if (workspaceNamed(account, data.attributes.name) !== undefined) {
          throw invalid(`Name has already been taken: ${data.attributes.name}`);
        }
        const workspace = create(account, data.attributes.name);
        apply(account, workspace, data);
        workspaces.set(workspace.id, workspace);
        return one(show(workspace), 201);
      },
    },
    [`GET ${path}/{name}`]: {
      answer: ({ caller, parameters }) => one(show(readable(account, caller, named(parameters["name"]).id))),
    },
    [`PATCH ${path}/{name}`]: {
      answer: ({ caller, parameters, json }) =>
        update(manageable(account, caller, named(parameters["name"]).id), read(change, json).data),
    },
    [`DELETE ${path}/{name}`]: {
      answer: ({ caller, parameters }) => remove(manageable(account, caller, named(parameters["name"]).id)),
    },
    "GET /api/v2/workspaces/{workspace}": {
      answer: ({ caller, parameters }) => one(show(readable(account, caller, parameters["workspace"] ?? ""))),
    },
    "PATCH /api/v2/workspaces/{workspace}": {
      answer: ({ caller, parameters, json }) =>
        update(manageable(account, caller, parameters["workspace"] ?? ""), read(change, json).data),
    },
    "DELETE /api/v2/workspaces/{workspace}": {
      answer: ({ caller, parameters }) => remove(manageable(account, caller, parameters["workspace"] ?? "")),
    },
    "POST /api/v2/workspaces/{workspace}/actions/safe-delete": {
      answer: ({ caller, parameters }) =>
        removeSafely(manageable(account, caller, parameters["workspace"] ?? "")),
    },
  };
}

function create(account: Account, name: string): Workspace {
  return {
    id: newId("ws"),
    name,
    description: "",
    project: account.defaultProject,
    executionMode: undefined,
    autoApply: false,
    globalRemoteState: false,
    consumers: new Set(),
    variables: new Map(),
    lock: undefined,
    versions: [],
    currentRun: undefined,
    createdAt: new Date().toISOString(),
  };
}

function apply(account: Account, workspace: Workspace, { attributes, relationships = {} }: Settings): void {
  const version = attributes["terraform-version"] ?? account.terraformVersion;
  if (version !== account.terraformVersion) {
    throw invalid(
      `Terraform version ${version} isn't there: the local cloud runs ${account.terraformVersion}`,
    );
  }
  const mode = attributes["execution-mode"];
  const isOwn = attributes["setting-overwrites"]?.["execution-mode"];
  const pool = attributes["agent-pool-id"] ?? undefined;
  if ((mode === "agent") !== (pool !== undefined)) {
    throw invalid("An agent pool and the execution mode agent need each other");
  }
  if (pool !== undefined && pool !== account.agentPool) {
    throw invalid(`there is no agent pool ${pool}`);
  }
  if (relationships.project !== undefined) {
    const project = account.projects.get(relationships.project);
    if (project === undefined) {
      throw invalid(`there is no project ${relationships.project}`);
    }
    workspace.project = project;
  }
  workspace.name = attributes.name ?? workspace.name;
  workspace.description = attributes.description ?? workspace.description;
  workspace.autoApply = attributes["auto-apply"] ?? workspace.autoApply;
  workspace.globalRemoteState = attributes["global-remote-state"] ?? workspace.globalRemoteState;
  // A given mode is the workspace's own, unless the request says that it has the default.
  if (isOwn === false) {
    workspace.executionMode = undefined;
  } else if (mode !== undefined) {
    workspace.executionMode = mode;
  } else if (isOwn === true) {
    workspace.executionMode = executionModeOf(account, workspace);
  }
}

/** A workspace in any answer. */
export function showWorkspace(account: Account, workspace: Workspace): Resource {
  const mode = executionModeOf(account, workspace);
  const { lock } = workspace;
  const current = currentOf(workspace.versions);
  return {
    id: workspace.id,
    type: "workspaces",
    attributes: {
      name: workspace.name,
      description: workspace.description,
      "auto-apply": workspace.autoApply,
      "created-at": workspace.createdAt,
      "execution-mode": mode,
      "global-remote-state": workspace.globalRemoteState,
      locked: lock !== undefined,
      "locked-reason": lock?.reason ?? "",
      operations: mode !== "local",
      permissions: Object.fromEntries(permissions.map((permission) => [`can-${permission}`, true])),
      "resource-count": current?.resources ?? 0,
      "setting-overwrites": {
        "execution-mode": workspace.executionMode !== undefined,
        "agent-pool": workspace.executionMode === "agent",
      },
      // Logs are texts, as in an organisation that has switched off structured ones.
      "structured-run-output-enabled": false,
      "terraform-version": account.terraformVersion,
      "working-directory": "",
    },
    relationships: {
      "agent-pool": toOne("agent-pools", mode === "agent" ? account.agentPool : undefined),
      "current-run": toOne("runs", workspace.currentRun),
      "current-state-version": toOne("state-versions", current?.id),
      organization: toOne("organizations", account.organisation),
      project: toOne("projects", workspace.project.id),
    },
  };
}

const permissions = [
  "destroy",
  "force-delete",
  "force-unlock",
  "lock",
  "queue-apply",
  "queue-destroy",
  "queue-run",
  "read-settings",
  "unlock",
  "update",
  "update-variable",
];
