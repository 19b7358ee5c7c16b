import { call, type Answer } from "../http";
import { tokenVariable } from "../terraform-token";

/** A response that ends the work with HCP Terraform, with the remedy. */
export class Unexpected extends Error {}

/** A reference to another object. */
export interface Reference {
  readonly data?: { readonly id: string } | null;
}

/** An object of the API, with the fields used here. Source: HCP Terraform API. */
export interface ApiObject {
  readonly id: string;
  readonly attributes: {
    /** For a project or an agent pool. */
    readonly name?: string;
    /** Of a workspace. */
    readonly "execution-mode"?: string;
    readonly "global-remote-state"?: boolean;
    /** Of an organisation, and of a project. */
    readonly "default-execution-mode"?: string;
    /** Of a variable. */
    readonly key?: string;
    readonly value?: string | null;
    readonly sensitive?: boolean;
    readonly category?: string;
  };
  readonly relationships?: {
    /** Of an organisation. */
    readonly "default-project"?: Reference;
    /** Of a workspace. */
    readonly project?: Reference;
    readonly "agent-pool"?: Reference;
  };
}

/** HCP Terraform's API, for one token. */
export interface TerraformCloud {
  readonly host: string;
  /** An object; undefined when it doesn't exist or this token may not see it. @throws {Unexpected} */
  read(path: string): Promise<ApiObject | undefined>;
  /** All objects of a list, from all its pages; undefined when there is no such list. @throws {Unexpected} */
  list(path: string): Promise<readonly ApiObject[] | undefined>;
  /** Changes an object. @throws {Unexpected} */
  write(method: "POST" | "PATCH", path: string, data: object): Promise<ApiObject | undefined>;
}

interface Body {
  readonly data?: ApiObject | readonly ApiObject[];
  readonly meta?: { readonly pagination?: { readonly "next-page"?: number | null } };
  readonly errors?: readonly { readonly title?: string; readonly detail?: string }[];
}

/** Finds the API of a host, as Terraform does. */
export async function openApi(host: string, token: string, deadline: AbortSignal): Promise<TerraformCloud> {
  const discovery = await call({ url: new URL(`https://${host}/.well-known/terraform.json`), deadline });
  const base = (discovery.body as { readonly "tfe.v2"?: string } | undefined)?.["tfe.v2"];
  if (base === undefined) {
    throw new Unexpected(
      `${host} is neither HCP Terraform nor Terraform Enterprise: correct backend.hostname`,
    );
  }
  const url = (path: string) => new URL(path, new URL(base, `https://${host}`));
  const get = async (path: string): Promise<Body | undefined> => {
    const answer = await call({ url: url(path), token, deadline });
    return answer.status === 404 ? undefined : bodyOf(answer, host, path);
  };
  return {
    host,
    read: async (path) => (await get(path))?.data as ApiObject | undefined,
    list: async (path) => {
      const found: ApiObject[] = [];
      // Source: HCP Terraform API, Pagination: 100 a page at most.
      for (let page: number | null | undefined = 1; typeof page === "number";) {
        const query = `${path.includes("?") ? "&" : "?"}page[number]=${page}&page[size]=100`;
        const body = await get(`${path}${query}`);
        if (body === undefined) {
          return undefined;
        }
        found.push(...((body.data ?? []) as readonly ApiObject[]));
        page = body.meta?.pagination?.["next-page"];
      }
      return found;
    },
    write: async (method, path, data) => {
      const body = { data };
      // Source: HCP Terraform API, JSON:API Formatting: any other type is answered with 415.
      const type = "application/vnd.api+json";
      const answer = await call({ url: url(path), method, token, body, type, deadline });
      return bodyOf(answer, host, `${method} ${path}`).data as ApiObject | undefined;
    },
  };
}

function bodyOf({ status, body = {} }: Answer, host: string, asked: string): Body {
  if (status === 401) {
    throw new Unexpected(
      `${host} rejects the token: run "terraform login ${host}", or set ${tokenVariable(host)} to a valid one`,
    );
  }
  const answer = body as Body;
  if (status < 200 || status > 299) {
    const reasons = (answer.errors ?? []).map(({ title = "", detail = title }) => detail).join(" ");
    throw new Unexpected(
      status >= 500 || status === 429
        ? `${host} answers ${status}: wait a few minutes and run again`
        : `${host} answers ${status} to ${asked}${reasons && ` (${reasons})`}: use a token that may manage the workspaces, or fix that`,
    );
  }
  return answer;
}
