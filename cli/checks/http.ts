/** A call of a JSON API. */
export interface Call {
  readonly url: URL;
  readonly method?: string;
  /** Bearer token. */
  readonly token?: string;
  readonly body?: object;
  /** The body's media type, where that isn't plain JSON. */
  readonly type?: string;
  readonly deadline: AbortSignal;
}

/** A response; its body is the parsed JSON, undefined when it isn't JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** @throws TypeError when there is no response, or the deadline's own reason when it passes. */
export async function call({ url, method = "GET", token, body, type, deadline }: Call): Promise<Answer> {
  const response = await fetch(url, {
    method,
    signal: deadline,
    headers: {
      Accept: "application/json",
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "Content-Type": type ?? "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: parsed(await response.text()) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
