/** Seconds that a question to AWS may take, with everything that it asks one after the other. */
const boundSeconds = 30;

/** Settings of the SDK's clients: two tries fit into `seconds`. */
export function clientSettings(region: string, seconds = boundSeconds) {
  // On the Node.js versions this project runs on, the SDK announces the end of their support at every start.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const milliseconds = 400 * seconds;
  return {
    region,
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: milliseconds,
      requestTimeout: milliseconds,
      throwOnRequestTimeout: true,
    },
  };
}

/**
 * Asks a client, until the deadline, and ends it.
 *
 * @param deadline half a minute from now when left out
 */
export async function ask<C extends { destroy(): void }, T>(
  client: C,
  question: (client: C) => Promise<T>,
  deadline = AbortSignal.timeout(boundSeconds * 1000),
): Promise<T> {
  try {
    const work = question(client);
    // No time-out of a request covers, say, a credential process.
    const expiry = new Promise<never>((_, reject) => {
      const expire = () => {
        reject(deadline.reason as Error);
      };
      if (deadline.aborted) {
        expire();
      }
      deadline.addEventListener("abort", expire);
    });
    return await Promise.race([work, expiry]);
  } finally {
    client.destroy();
  }
}

/** What went wrong, on one line. */
export function reasonOf(error: unknown): string {
  const { name, message } = error as Error;
  return `${name}: ${message.split("\n")[0] ?? ""}`;
}

/** Whether AWS has refused something, or could not be asked for it, such as with credentials that have expired. */
export function isOfAws(error: unknown): error is Error {
  const { name, $metadata } = error as { readonly name?: string; readonly $metadata?: object };
  return $metadata !== undefined || name === "CredentialsProviderError" || name === "TokenProviderError";
}

/** These in parts of `size`, as many as one request takes. */
export function inParts<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}
