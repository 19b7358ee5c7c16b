import { setTimeout as delay } from "node:timers/promises";

/** How to call DigitalOcean's API. */
export interface DigitalOceanConnection {
  /** Scheme, host and port. */
  readonly endpoint: string;
  readonly token: string;
  /** Milliseconds between two looks at something that takes time. @default 250 */
  readonly pollMilliseconds?: number;
  /** Length of a second of a time-out, in milliseconds: less speeds tests up. @default 1000 */
  readonly secondMilliseconds?: number;
}

/** Calls the API; returns the answer's JSON, or undefined if it has none. @throws ApiRequestError */
export interface DigitalOceanClient {
  readonly call: <Answer>(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: object,
  ) => Promise<Answer>;
  /** Polls until a condition holds. @throws Error after `seconds` */
  readonly wait: (what: string, seconds: number, isSo: () => Promise<boolean>) => Promise<void>;
}

/** An answer other than success, in the words of DigitalOcean's Go client. */
export class ApiRequestError extends Error {
  constructor(
    request: string,
    readonly status: number,
    message: string,
  ) {
    super(`${request}: ${status} ${message}`);
  }
}

/** Source: the provider's documentation, `http_retry_max`: 429, 5xx and failed connections are tried 4 more times. */
const retries = 4;
const firstRetryMilliseconds = 100;

export function createClient({
  endpoint,
  token,
  pollMilliseconds = 250,
  secondMilliseconds = 1000,
}: DigitalOceanConnection): DigitalOceanClient {
  const send = async (method: string, url: string, body: object | undefined): Promise<Response> => {
    for (let attempt = 0; ; attempt += 1) {
      const last = attempt === retries;
      try {
        const response = await fetch(url, {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            "content-type": "application/json",
            "user-agent": "Terraform/stand-in",
          },
          ...(body && { body: JSON.stringify(body) }),
        });
        if (last || (response.status !== 429 && response.status < 500)) {
          return response;
        }
        await response.arrayBuffer();
      } catch (error) {
        if (last) {
          throw new Error(`${method} ${url}: giving up after ${retries + 1} attempts`, { cause: error });
        }
      }
      await delay(firstRetryMilliseconds * 2 ** attempt);
    }
  };
  return {
    call: async <Answer>(method: string, path: string, body?: object) => {
      const url = endpoint + path;
      const response = await send(method, url, body);
      const text = await response.text();
      const answer: unknown = text === "" ? undefined : JSON.parse(text);
      if (!response.ok) {
        const { message = response.statusText } = (answer ?? {}) as { message?: string };
        throw new ApiRequestError(`${method} ${url}`, response.status, message);
      }
      return answer as Answer;
    },
    wait: async (what, seconds, isSo) => {
      const deadline = Date.now() + seconds * secondMilliseconds;
      while (!(await isSo())) {
        if (Date.now() > deadline) {
          throw new Error(`timeout while waiting for ${what} (timeout: ${seconds}s)`);
        }
        await delay(pollMilliseconds);
      }
    },
  };
}

/** Does it, and returns another result on a 404. */
export async function unlessGone<Result, Otherwise>(
  work: Promise<Result>,
  otherwise: Otherwise,
): Promise<Result | Otherwise> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof ApiRequestError && error.status === 404) {
      return otherwise;
    }
    throw error;
  }
}

/**
 * Deletes something that others may use for a while. @throws the API's refusal when they still do after this many
 * seconds
 */
export async function deleteOnceUnused(
  { call, wait }: DigitalOceanClient,
  path: string,
  { limit, isInUse }: { readonly limit: number; readonly isInUse: (refusal: ApiRequestError) => boolean },
): Promise<void> {
  let refusal: ApiRequestError | undefined;
  const deleted = async (): Promise<boolean> => {
    try {
      await call("DELETE", path);
      refusal = undefined;
      return true;
    } catch (error) {
      if (!(error instanceof ApiRequestError) || !isInUse(error)) {
        refusal = undefined;
        throw error;
      }
      refusal = error;
      return false;
    }
  };
  try {
    await wait(`the deletion of ${path}`, limit, deleted);
  } catch (error) {
    throw refusal ?? error;
  }
}

/** Does it, and names it in an error. */
export async function doing<Result>(what: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`Error ${what}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
