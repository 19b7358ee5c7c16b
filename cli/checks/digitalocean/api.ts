import { call } from "../http";

/** DigitalOcean's API, as Terraform's provider reaches it. */
export interface DigitalOceanApi {
  /** @throws {Refused} on any other answer than success. */
  get(path: string): Promise<unknown>;
  /** All of a list's entries, of all its pages. @throws {Refused} */
  list(path: string, key: string): Promise<readonly unknown[]>;
  /** How a call is answered that can't succeed. */
  attempt(method: string, path: string): Promise<{ readonly status: number; readonly message: string }>;
}

/** An answer other than success. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = "Refused";
  }
}

/** What a call returns; undefined, and a notice about its subject, when the token hasn't the scope for it. */
export async function unlessDenied<T>(subject: string, result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Refused && error.status === 403) {
      console.error(`${subject} not checked: the DigitalOcean token may not read that (${error.message}).`);
      return undefined;
    }
    throw error;
  }
}

/** Source: DigitalOcean API, "Links & Pagination": 200 entries a page at most. */
const pageSize = 200;

/** Source: DigitalOcean Terraform provider, "Argument Reference", `api_endpoint`. */
export function openDigitalOcean(
  token: string,
  variables: NodeJS.ProcessEnv,
  deadline: AbortSignal,
): DigitalOceanApi {
  const chosen = variables["DIGITALOCEAN_API_URL"] ?? "";
  const base = chosen === "" ? "https://api.digitalocean.com" : chosen;
  const attempt = async (method: string, path: string) => {
    const body = method === "GET" || method === "DELETE" ? {} : { body: {} };
    const answer = await call({ url: new URL(path, base), method, token, deadline, ...body });
    const { message = "" } = (answer.body ?? {}) as { readonly message?: string };
    return { ...answer, message };
  };
  const get = async (path: string): Promise<unknown> => {
    const { status, message, body } = await attempt("GET", path);
    if (status !== 200) {
      throw new Refused(status, message);
    }
    return body;
  };
  return {
    attempt,
    get,
    list: async (path, key) => {
      const entries: unknown[] = [];
      for (let page = 1; ; page++) {
        const query = `${path.includes("?") ? "&" : "?"}per_page=${pageSize}&page=${page}`;
        const answer = (await get(path + query)) as Page;
        entries.push(...((answer[key] ?? []) as readonly unknown[]));
        if (answer.links?.pages?.next === undefined) {
          return entries;
        }
      }
    },
  };
}

interface Page extends Readonly<Record<string, unknown>> {
  readonly links?: { readonly pages?: { readonly next?: string } };
}
