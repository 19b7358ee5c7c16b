import { request } from "node:https";
import { json } from "node:stream/consumers";

/** An object of an answer. */
export interface Shown {
  readonly id: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly relationships: Readonly<Record<string, { readonly data?: unknown } | undefined>>;
}

export interface Reply {
  readonly status: number;
  readonly data: Shown;
  readonly list: readonly Shown[];
  readonly errors: readonly { readonly title: string; readonly detail?: string }[];
}

/** A call of HCP Terraform's stand-in. */
export interface TerraformCloudCall {
  readonly method: string;
  readonly body?: object | string | undefined;
  /** None when empty. */
  readonly token: string;
  /** Root of the certificates to trust, in PEM. */
  readonly root: string;
}

/** Calls it over TLS. */
export async function callTerraformCloud(
  url: URL,
  { method, body, token, root }: TerraformCloudCall,
): Promise<Reply> {
  const headers = {
    ...(token !== "" && { authorization: `Bearer ${token}` }),
    ...(token !== "" && body !== undefined && { "content-type": "application/vnd.api+json" }),
  };
  return new Promise((resolve, reject) => {
    const options = { method, headers, ca: root, agent: false as const, timeout: 10_000 };
    const sent = request(url, options, (response) => {
      const status = response.statusCode ?? 0;
      const isEmpty = status === 204 || response.headers["content-type"] === undefined;
      const answered = isEmpty ? Promise.resolve({}) : json(response);
      response.resume();
      answered.then((answer) => {
        const { data, errors = [] } = answer as { data?: Shown | Shown[]; errors?: Reply["errors"] };
        const [list, one] = Array.isArray(data) ? [data, data[0]] : [[], data];
        resolve({ status, data: one ?? (answer as Shown), list, errors });
      }, reject);
    });
    sent.on("error", reject);
    sent.end(typeof body === "object" ? JSON.stringify(body) : body);
  });
}
