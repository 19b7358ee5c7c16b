/** The only organisation. */
export const organization = "example";

/** A variable of a workspace. */
export interface KeptVariable {
  readonly key: string;
  readonly value: string;
  readonly category: "env" | "terraform";
  readonly hcl: boolean;
  readonly sensitive: boolean;
}

export interface KeptWorkspace {
  readonly id: string;
  mode: string;
  version?: string;
  pool?: string | undefined;
  project?: string | undefined;
  isGlobal: boolean;
  /** Ids of those that may read its state. */
  consumers: string[];
  readonly variables: Map<string, KeptVariable>;
  /** Of sets that hold for it, too. */
  readonly inherited: Map<string, KeptVariable>;
}

/** The contents of an organisation. */
export interface Kept {
  /** By name; a test changes them. */
  readonly workspaces: Map<string, KeptWorkspace>;
  /** The execution mode of new workspaces: the organisation's, and that of projects with their own, by name. */
  readonly defaults: {
    organization: string | undefined;
    readonly projects: Map<string, string | undefined>;
  };
  /** Ids of agent pools, by name. */
  readonly pools: Map<string, string>;
}

/** A workspace with nothing but its mode. */
export function workspaceOf(name: string, mode: string): KeptWorkspace {
  return {
    id: `ws-${name}`,
    mode,
    isGlobal: false,
    consumers: [],
    variables: new Map(),
    inherited: new Map(),
  };
}

export const variableOf = (key: string, value: string): KeptVariable => ({
  key,
  value,
  category: "env",
  hcl: false,
  sensitive: false,
});

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly data: Sent | readonly Sent[] | undefined;
}

/** An object as it is sent; a test sees what the stand-in makes of it. */
interface Sent {
  readonly type?: string;
  readonly id?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly relationships?: { readonly project?: { readonly data?: { readonly id?: string } } };
}

interface Answer {
  readonly status: number;
  readonly body?: object;
}

const nothing: Answer = { status: 404, body: { errors: [{ status: "404", title: "not found" }] } };
const refused = (detail: string): Answer => ({
  status: 422,
  body: { errors: [{ status: "422", title: "invalid", detail }] },
});
const one = (data: object, status = 200): Answer => ({ status, body: { data } });
/** Pages of two, so that whoever reads one page alone is found out. */
const many = (data: readonly object[], query: URLSearchParams): Answer => {
  const size = 2;
  const page = Number(query.get("page[number]") ?? "1");
  const next = page * size < data.length ? page + 1 : null;
  const shown = data.slice((page - 1) * size, page * size);
  return { status: 200, body: { data: shown, meta: { pagination: { "next-page": next } } } };
};

/** Answers a call as the API does. */
export function answer(kept: Kept, request: Request): Answer {
  const { method, path, query, data } = request;
  const route = `${method} ${path.replace("/api/v2/", "").replace(`organizations/${organization}`, "ORG")}`;
  const sent = (Array.isArray(data) ? {} : (data ?? {})) as Sent;
  if (route === "GET ORG") {
    return one({
      id: organization,
      attributes: { "default-execution-mode": kept.defaults.organization },
      relationships: { "default-project": { data: { id: "prj-default" } } },
    });
  }
  if (route === "GET ORG/projects") {
    const name = query.get("filter[names]") ?? "";
    return many(kept.defaults.projects.has(name) ? [projectOf(kept, name)] : [], query);
  }
  if (route === "GET projects/prj-default") {
    return one(projectOf(kept, "default"));
  }
  if (route === "POST ORG/projects") {
    const name = String(sent.attributes?.["name"]);
    kept.defaults.projects.set(name, undefined);
    return one(projectOf(kept, name), 201);
  }
  if (route === "GET ORG/agent-pools") {
    const pools = [...kept.pools].filter(([name]) => name.includes(query.get("q") ?? ""));
    return many(
      pools.map(([name, id]) => ({ id, attributes: { name } })),
      query,
    );
  }
  if (route === "POST ORG/workspaces") {
    const name = String(sent.attributes?.["name"]);
    const workspace = workspaceOf(name, "remote");
    const problem = change(kept, workspace, sent);
    if (problem !== undefined || kept.workspaces.has(name)) {
      return refused(problem ?? "Name has already been taken");
    }
    kept.workspaces.set(name, workspace);
    return one(objectOf(workspace), 201);
  }
  const named = /^GET ORG\/workspaces\/([^/]+)$/.exec(route)?.[1];
  if (named !== undefined) {
    const workspace = kept.workspaces.get(named);
    return workspace === undefined ? nothing : one(objectOf(workspace));
  }
  const [, verb = "", id, part = ""] = /^(\w+) workspaces\/([^/]+)(.*)$/.exec(route) ?? [];
  const workspace = [...kept.workspaces.values()].find((candidate) => candidate.id === id);
  return workspace === undefined ? nothing : ofWorkspace(kept, workspace, `${verb} ${part}`, request);
}

function ofWorkspace(kept: Kept, workspace: KeptWorkspace, route: string, request: Request): Answer {
  const { query, data } = request;
  const sent = (Array.isArray(data) ? {} : (data ?? {})) as Sent;
  const { variables, inherited } = workspace;
  switch (route) {
    case "PATCH ": {
      const problem = change(kept, workspace, sent);
      return problem === undefined ? one(objectOf(workspace)) : refused(problem);
    }
    case "GET /relationships/remote-state-consumers":
      return many(
        workspace.consumers.map((consumer) => ({ id: consumer, type: "workspaces" })),
        query,
      );
    case "PATCH /relationships/remote-state-consumers": {
      const ids = (data as readonly Sent[]).map((consumer) => consumer.id ?? "");
      const known = [...kept.workspaces.values()].map(({ id }) => id);
      if (!ids.every((id) => known.includes(id))) {
        return nothing;
      }
      workspace.consumers = ids;
      return { status: 204 };
    }
    case "GET /vars":
      return many(shown(variables), query);
    case "GET /all-vars":
      return many(shown(new Map([...inherited, ...variables])), query);
    case "POST /vars": {
      const variable = sent.attributes as unknown as KeptVariable;
      if (sent.type !== "vars" || variables.has(variable.key)) {
        return refused("Key has already been taken");
      }
      variables.set(variable.key, variable);
      return one({ id: `var-${variable.key}` }, 201);
    }
    default: {
      const key = /^PATCH \/vars\/var-(.+)$/.exec(route)?.[1] ?? "";
      const variable = variables.get(key);
      if (variable === undefined) {
        return nothing;
      }
      variables.set(key, { ...variable, ...(sent.attributes as Partial<KeptVariable>) });
      return one({ id: `var-${key}` });
    }
  }
}

/** Changes a workspace. @returns why not, as the API says it */
function change(kept: Kept, workspace: KeptWorkspace, { type, attributes = {}, relationships }: Sent) {
  if (type !== "workspaces") {
    return "type must be workspaces";
  }
  const {
    "execution-mode": mode = workspace.mode,
    "agent-pool-id": pool,
    "global-remote-state": isGlobal = workspace.isGlobal,
    "terraform-version": version,
  } = attributes;
  if (mode === "agent" && workspace.mode !== "agent" && ![...kept.pools.values()].includes(String(pool))) {
    return "Agent pool must be specified with agent execution mode";
  }
  workspace.mode = String(mode);
  workspace.isGlobal = isGlobal === true;
  if ("execution-mode" in attributes) {
    workspace.pool = mode === "agent" ? String(pool) : undefined;
  }
  if (typeof version === "string") {
    workspace.version = version;
  }
  workspace.project = relationships?.project?.data?.id ?? workspace.project ?? "prj-default";
  return undefined;
}

const shown = (variables: ReadonlyMap<string, KeptVariable>) =>
  [...variables].map(([key, { value, sensitive, ...attributes }]) => ({
    id: `var-${key}`,
    type: "vars",
    attributes: { ...attributes, sensitive, value: sensitive ? null : value },
  }));

const projectOf = ({ defaults }: Kept, name: string) => ({
  id: `prj-${name}`,
  attributes: { name, "default-execution-mode": defaults.projects.get(name) },
});

const objectOf = ({ id, mode, isGlobal, pool, project }: KeptWorkspace) => ({
  id,
  type: "workspaces",
  attributes: { "execution-mode": mode, "global-remote-state": isGlobal },
  relationships: {
    "agent-pool": { data: pool === undefined ? null : { id: pool, type: "agent-pools" } },
    project: { data: { id: project ?? "prj-default", type: "projects" } },
  },
});
