import type { Notice } from "../check";
import { call } from "../http";

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

/** A call's result; undefined, with a notice about its subject, when the token lacks the scope for it. */
export async function unlessDenied<T>(
  subject: string,
  result: Promise<T>,
  notice: Notice,
): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof Refused && error.status === 403) {
      notice(`${subject} not checked: the DigitalOcean token may not read that (${error.message}).`);
      return undefined;
    }
    throw error;
  }
}

/** The token and the variable that holds it. Source: DigitalOcean Terraform provider, "Argument Reference", `token`. */
export function digitalOceanToken(
  variables: NodeJS.ProcessEnv,
): { readonly variable: string; readonly token: string } | undefined {
  for (const variable of ["DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"]) {
    const token = variables[variable] ?? "";
    if (token !== "") {
      return { variable, token };
    }
  }
  return undefined;
}

/** Source: DigitalOcean API, "Links & Pagination": 200 entries a page at most. */
const pageSize = 200;

/** DigitalOcean's API, as Terraform's provider reaches it. */
export class DigitalOcean {
  /** Source: DigitalOcean Terraform provider, "Argument Reference", `api_endpoint`. */
  private readonly base: string;

  constructor(
    private readonly token: string,
    variables: NodeJS.ProcessEnv,
    private readonly deadline: AbortSignal,
  ) {
    const chosen = variables["DIGITALOCEAN_API_URL"] ?? "";
    this.base = chosen === "" ? "https://api.digitalocean.com" : chosen;
  }

  /** The response to a call, even one that can't succeed. */
  async attempt(method: string, path: string) {
    const { base, token, deadline } = this;
    const body = method === "GET" || method === "DELETE" ? {} : { body: {} };
    const answer = await call({ url: new URL(path, base), method, token, deadline, ...body });
    const { message = "" } = (answer.body ?? {}) as { readonly message?: string };
    return { ...answer, message };
  }

  /** @throws {Refused} on any answer but success. */
  async get<T>(path: string): Promise<T> {
    const { status, message, body } = await this.attempt("GET", path);
    if (status !== 200) {
      throw new Refused(status, message);
    }
    return body as T;
  }

  /** All entries of a list, from all its pages. @throws {Refused} */
  async list<T>(path: string, key: string): Promise<readonly T[]> {
    const entries: T[] = [];
    for (let page = 1; ; page++) {
      const query = `${path.includes("?") ? "&" : "?"}per_page=${pageSize}&page=${page}`;
      const answer = await this.get<Page>(path + query);
      entries.push(...((answer[key] ?? []) as readonly T[]));
      if (answer.links?.pages?.next === undefined) {
        return entries;
      }
    }
  }
}

interface Page extends Readonly<Record<string, unknown>> {
  readonly links?: { readonly pages?: { readonly next?: string } };
}
