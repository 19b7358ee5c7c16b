import { namesOf } from "../../config/names";
import type { Backend } from "../../config/schema";
import type { Check, Undertaking } from "./check";
import { call, type Answer } from "./http";
import { unreachable } from "./reachability";
import { findToken, tokenVariable } from "./terraform-token";

/** Where Terraform has to run: on this machine are the programs, files and credentials that its scripts need. */
const wanted = "local";

/**
 * Whether the backend `cloud` takes the token and leaves it to this machine to run Terraform: a workspace that runs it
 * elsewhere fails half-way, when the first script starts.
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
    return [
      `no token for ${hostname}: run "terraform login ${hostname}", or set ${tokenVariable(hostname)} to one`,
    ];
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

/** An answer that ends the check, with the remedy. */
class Unexpected extends Error {}

type Cloud = Extract<Backend, { kind: "cloud" }>;

/** Asks the API for an object; undefined when there is none, or none that this token may see. */
type Read = (path: string) => Promise<ApiObject | undefined>;

interface ApiObject {
  readonly id: string;
  readonly attributes: {
    /** Of a workspace. */
    readonly "execution-mode"?: string;
    /** Of an organisation, and of a project. */
    readonly "default-execution-mode"?: string;
  };
  readonly relationships?: {
    readonly "default-project"?: { readonly data?: { readonly id: string } | null };
  };
}

async function problemsOf(cloud: Cloud, token: string, undertaking: Undertaking): Promise<string[]> {
  const { command, environment, selected, deadline } = undertaking;
  const { hostname, organization } = cloud;
  const read = await openApi(hostname, token, deadline);
  const owner = `organizations/${encodeURIComponent(organization)}`;
  const found = await read(owner);
  if (found === undefined) {
    return [
      `${hostname} knows no organisation ${organization} that this token may see: ` +
        `correct backend.organization in ${environment.file}, or use another token`,
    ];
  }
  const names = selected.map(({ id }) => namesOf(environment.config).state(id));
  const workspaces = await Promise.all(
    names.map(async (name) => ({ name, workspace: await read(`${owner}/workspaces/${name}`) })),
  );
  const page = `https://${hostname}/app/${organization}`;
  const differing = workspaces.flatMap(({ name, workspace }) => {
    const mode = workspace?.attributes["execution-mode"] ?? wanted;
    return mode === wanted
      ? []
      : [
          `workspace ${name} has the execution mode ${mode}: set it to ${wanted} at ${page}/workspaces/${name}/settings/general`,
        ];
  });
  const missing = workspaces.filter(({ workspace }) => workspace === undefined).map(({ name }) => name);
  // A destroy finds nothing in a workspace that isn't there.
  if (missing.length === 0 || command === "destroy") {
    return differing;
  }
  const mode = await defaultMode(found, owner, cloud, read);
  return mode === wanted
    ? differing
    : [
        ...differing,
        `${missing.join(", ")}: not there yet, and the organisation ${organization} gives new workspaces the execution mode ${mode}: ` +
          `set its default to ${wanted} at ${page}/settings/general, or create them with the mode ${wanted}`,
      ];
}

/** What a new workspace gets: what its project says, or else the organisation. */
async function defaultMode(
  organisation: ApiObject,
  owner: string,
  { project }: Cloud,
  read: Read,
): Promise<string> {
  const { id } = organisation.relationships?.["default-project"]?.data ?? {};
  const path =
    project !== undefined
      ? `${owner}/projects?filter[names]=${encodeURIComponent(project)}`
      : id && `projects/${id}`;
  const holder = path === undefined ? undefined : await read(path);
  const mode = [holder, organisation].map((one) => one?.attributes["default-execution-mode"]).find(Boolean);
  // Before there was this setting, all were remote.
  return mode ?? "remote";
}

/** Finds the API of a host, as Terraform does. */
async function openApi(host: string, token: string, deadline: AbortSignal): Promise<Read> {
  const discovery = await call({ url: new URL(`https://${host}/.well-known/terraform.json`), deadline });
  const base = (discovery.body as { readonly "tfe.v2"?: string } | undefined)?.["tfe.v2"];
  if (base === undefined) {
    throw new Unexpected(`${host} is no HCP Terraform or Terraform Enterprise: correct backend.hostname`);
  }
  return async (path) => {
    const answer = await call({ url: new URL(path, new URL(base, `https://${host}`)), token, deadline });
    return dataOf(answer, host);
  };
}

function dataOf({ status, body }: Answer, host: string): ApiObject | undefined {
  if (status === 401) {
    throw new Unexpected(
      `${host} rejects the token: run "terraform login ${host}", or set ${tokenVariable(host)} to a valid one`,
    );
  }
  if (status === 404) {
    return undefined;
  }
  const { data } = (body ?? {}) as { readonly data?: ApiObject | readonly ApiObject[] };
  if (status !== 200 || data === undefined) {
    throw new Unexpected(`${host} answers ${status}: wait a few minutes and run again`);
  }
  return Array.isArray(data) ? (data as readonly ApiObject[])[0] : (data as ApiObject);
}
