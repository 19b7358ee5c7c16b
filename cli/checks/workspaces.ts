import { executionOf } from "../../config/backend-rules";
import { namesOf } from "../../config/names";
import type { Backend } from "../../config/schema";
import type { Check, Undertaking } from "./check";
import { unreachable } from "./reachability";
import { lackingVariables } from "./terraform-cloud/run-variables";
import { openApi, Unexpected, type ApiObject, type TerraformCloud } from "./terraform-cloud/api";
import { findToken, tokenVariable } from "./terraform-token";

/** The command that sets up workspaces correctly. */
const remedy = 'run "npx anywhere bootstrap-state"';

/**
 * Whether the backend `cloud` accepts the token, and runs Terraform where the config says: otherwise it fails half-way,
 * when the first script starts. Where HCP Terraform runs it, also whether the runs will have everything they need.
 */
export const workspaceProblems: Check = async (undertaking) => {
  const { environment, variables, notice } = undertaking;
  const { backend } = environment.config;
  if (backend.kind !== "cloud") {
    return [];
  }
  const { hostname } = backend;
  const place = findToken(hostname, variables);
  if (place === "helper") {
    notice(
      `Execution modes of workspaces were not checked: a credentials helper has the token of ${hostname}.`,
    );
    return [];
  }
  if (place === undefined) {
    return [noToken(hostname)];
  }
  try {
    return await problemsOf(backend, place.token, undertaking);
  } catch (error) {
    if (error instanceof Unexpected) {
      return [error.message];
    }
    const host = {
      name: hostname,
      subject: "Execution modes of workspaces were",
      setting: `backend.hostname in ${environment.file}`,
    };
    return unreachable(host, error, undertaking);
  }
};

/** States that there is no token for a host. */
export function noToken(host: string): string {
  return `no token for ${host}: run "terraform login ${host}", or set ${tokenVariable(host)} to one`;
}

/** States that an organisation doesn't exist or can't be seen. */
export function noOrganisation({ hostname, organization }: Cloud, file: string): string {
  return (
    `${hostname} has no organisation ${organization} that this token may see: ` +
    `correct backend.organization in ${file}, or use another token`
  );
}

export type Cloud = Extract<Backend, { kind: "cloud" }>;

/** The part of paths that names the organisation. */
export const ownerOf = ({ organization }: Cloud): string =>
  `organizations/${encodeURIComponent(organization)}`;

/** A workspace that a stack has, or should have. */
interface Place {
  readonly name: string;
  readonly stack: Undertaking["selected"][number];
  readonly workspace: ApiObject | undefined;
}

async function problemsOf(cloud: Cloud, token: string, undertaking: Undertaking): Promise<string[]> {
  const { command, environment, selected, deadline } = undertaking;
  const { hostname, organization } = cloud;
  const api = await openApi(hostname, token, deadline);
  const owner = ownerOf(cloud);
  const found = await api.read(owner);
  if (found === undefined) {
    return [noOrganisation(cloud, environment.file)];
  }
  const stateOf = (id: string) => namesOf(environment.config).state(id);
  const places: readonly Place[] = await Promise.all(
    selected.map(async (stack) => {
      const name = stateOf(stack.id);
      return { name, stack, workspace: await api.read(`${owner}/workspaces/${name}`) };
    }),
  );
  const execution = executionOf(cloud);
  const pool = await poolOf(cloud, environment.file, api);
  const differing = places.flatMap(({ name, workspace }) => {
    const { attributes, relationships } = workspace ?? {};
    const mode = attributes?.["execution-mode"] ?? execution;
    const isElsewhere =
      pool !== undefined && workspace !== undefined && relationships?.["agent-pool"]?.data?.id !== pool;
    const actual =
      mode !== execution ? `has the execution mode ${mode}` : isElsewhere ? "runs in another agent pool" : "";
    const wanted = mode !== execution ? execution : String(cloud.agentPool);
    return actual === ""
      ? []
      : [
          `workspace ${name} ${actual}, and ${environment.file} says ${wanted}: ${remedy}, ` +
            `or set it at https://${hostname}/app/${organization}/workspaces/${name}/settings/general`,
        ];
  });
  const missing = places.filter(({ workspace }) => workspace === undefined).map(({ name }) => name);
  // A destroy finds nothing in a workspace that doesn't exist.
  const lines = missing.length === 0 || command === "destroy" ? [] : await missingLines();
  return [...differing, ...lines, ...(execution === "local" ? [] : await runProblems())];

  async function missingLines(): Promise<string[]> {
    const mode = await defaultMode(found, owner, cloud, api);
    return mode === "local" && execution === "local"
      ? []
      : [
          `${missing.join(", ")}: not created yet, and ` +
            (execution === "local"
              ? `the organisation ${organization} gives new workspaces the execution mode ${mode}`
              : "new workspaces have no variables, and may read no state") +
            `: ${remedy}`,
        ];
  }

  /** Variables and access that runs of existing workspaces lack. */
  async function runProblems(): Promise<string[]> {
    const there = places.flatMap((place) =>
      place.workspace === undefined ? [] : [{ ...place, id: place.workspace.id }],
    );
    const lacking = await Promise.all(
      there.map(async (place) =>
        lackingVariables(place, (await api.list(`workspaces/${place.id}/all-vars`)) ?? [], environment),
      ),
    );
    const unreadable = await Promise.all(
      there.flatMap(({ name, id, stack }) =>
        stack.reads.map(async (producer) => {
          const from = stateOf(producer);
          return (await mayRead(id, `${owner}/workspaces/${from}`, api))
            ? []
            : [`runs of ${name} may not read the state of ${from}: ${remedy}`];
        }),
      ),
    );
    return [...lacking.flat(), ...unreadable.flat()];
  }
}

/** Whether the runs of a workspace may read the state of another, or that one doesn't exist yet. */
async function mayRead(reader: string, producer: string, api: TerraformCloud): Promise<boolean> {
  const workspace = await api.read(producer);
  if (workspace === undefined || workspace.attributes["global-remote-state"] === true) {
    return true;
  }
  const consumers = await api.list(`workspaces/${workspace.id}/relationships/remote-state-consumers`);
  return (consumers ?? []).some(({ id }) => id === reader);
}

/** A new workspace's execution mode: its project's default, or else the organisation's. */
async function defaultMode(
  organisation: ApiObject | undefined,
  owner: string,
  { project }: Cloud,
  api: TerraformCloud,
): Promise<string> {
  const { id } = organisation?.relationships?.["default-project"]?.data ?? {};
  const holder =
    project !== undefined
      ? await findProject(owner, project, api)
      : id === undefined
        ? undefined
        : await api.read(`projects/${id}`);
  const mode = [holder, organisation].map((one) => one?.attributes["default-execution-mode"]).find(Boolean);
  // Before this setting existed, all were remote.
  return mode ?? "remote";
}

/** The project of this name. */
export async function findProject(
  owner: string,
  name: string,
  api: TerraformCloud,
): Promise<ApiObject | undefined> {
  const found = await api.list(`${owner}/projects?filter[names]=${encodeURIComponent(name)}`);
  return found?.find(({ attributes }) => attributes.name === name);
}

/** Id of the pool whose agents are to run Terraform. @throws {Unexpected} when there is none of its name. */
export async function poolOf(cloud: Cloud, file: string, api: TerraformCloud): Promise<string | undefined> {
  const { agentPool, organization, hostname } = cloud;
  if (agentPool === undefined) {
    return undefined;
  }
  const pools = await api.list(`${ownerOf(cloud)}/agent-pools?q=${encodeURIComponent(agentPool)}`);
  const pool = pools?.find(({ attributes }) => attributes.name === agentPool);
  if (pool === undefined) {
    throw new Unexpected(
      `the organisation ${organization} has no agent pool ${agentPool} that this token may see: create it at ` +
        `https://${hostname}/app/${organization}/settings/agents, or correct backend.agentPool in ${file}`,
    );
  }
  return pool.id;
}
