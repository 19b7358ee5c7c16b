import { randomBytes } from "node:crypto";
import type { Caller } from "./access";
import { notFound } from "../api/api-error";
import type { StateVersion } from "./state-version";

// Source: HCP Terraform, "Workspace Settings", Execution Mode.
export const executionModes = ["remote", "local", "agent"] as const;
export type ExecutionMode = (typeof executionModes)[number];

export interface Project {
  readonly id: string;
  name: string;
  description: string;
  /** Of new workspaces; the organisation's when left out. */
  executionMode: ExecutionMode | undefined;
}

export interface Variable {
  readonly id: string;
  key: string;
  value: string;
  description: string;
  category: "terraform" | "env";
  hcl: boolean;
  sensitive: boolean;
}

export interface Workspace {
  readonly id: string;
  name: string;
  description: string;
  project: Project;
  /** Its own; undefined while it has the project's. */
  executionMode: ExecutionMode | undefined;
  autoApply: boolean;
  globalRemoteState: boolean;
  /** Ids of the workspaces that may read its outputs. */
  readonly consumers: Set<string>;
  readonly variables: Map<string, Variable>;
  lock: { readonly by: Caller; readonly reason: string } | undefined;
  /** From the first to the newest. */
  readonly versions: StateVersion[];
  /** Id of the run that was last created. */
  currentRun: string | undefined;
  readonly createdAt: string;
}

/** The one organisation of the local cloud. */
export interface Account {
  readonly organisation: string;
  executionMode: ExecutionMode;
  readonly defaultProject: Project;
  readonly projects: Map<string, Project>;
  readonly workspaces: Map<string, Workspace>;
  /** Id of the only pool of agents, which behave like runs of the mode `remote`. */
  readonly agentPool: string;
  /** The version that workspaces run. */
  readonly terraformVersion: string;
  /** By token. */
  readonly callers: Map<string, Caller>;
  /** Folder of the states. */
  readonly folder: string;
  /** Scheme, host and port. */
  readonly origin: string;
}

/** An empty organisation, as HCP Terraform creates it: its workspaces run remotely. */
export function createAccount(
  options: Omit<Account, "executionMode" | "defaultProject" | "projects" | "workspaces" | "agentPool">,
): Account {
  const defaultProject: Project = {
    id: newId("prj"),
    name: "Default Project",
    description: "",
    executionMode: undefined,
  };
  return {
    ...options,
    executionMode: "remote",
    agentPool: newId("apool"),
    defaultProject,
    projects: new Map([[defaultProject.id, defaultProject]]),
    workspaces: new Map(),
  };
}

const letters = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** An id in HCP Terraform's form: `ws-` and 16 letters and digits. */
export function newId(prefix: string): string {
  const random = [...randomBytes(16)].map((byte) => letters[byte % letters.length]).join("");
  return `${prefix}-${random}`;
}

/** Finds a workspace of this name. */
export function workspaceNamed({ workspaces }: Account, name: string): Workspace | undefined {
  return [...workspaces.values()].find((workspace) => workspace.name === name);
}

/** A workspace's execution mode: its own, or else its project's or the organisation's. */
export function executionModeOf(
  { executionMode: ofOrganisation }: Account,
  workspace: Workspace,
): ExecutionMode {
  return workspace.executionMode ?? workspace.project.executionMode ?? ofOrganisation;
}

/** @throws ApiError 404, also for anything that the caller may not see */
export function required<Item>(item: Item | undefined): Item {
  if (item === undefined) {
    throw notFound();
  }
  return item;
}
