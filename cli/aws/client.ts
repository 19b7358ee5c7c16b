/** Seconds that a query to AWS may take, with all its calls. */
const boundSeconds = 30;

/** Settings of the SDK's clients: two tries fit into `seconds`. */
export function clientSettings(region: string, seconds = boundSeconds) {
  // On some Node.js versions this project supports, the SDK announces the end of its own support at every start.
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
 * Runs queries with a client until the deadline, then destroys the client.
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

/** An error's message, on one line. */
export function reasonOf(error: unknown): string {
  const { name, message } = error as Error;
  return `${name}: ${message.split("\n")[0] ?? ""}`;
}

/** Whether AWS denied a request or couldn't be asked, for example because credentials have expired. */
export function isOfAws(error: unknown): error is Error {
  const { name, $metadata } = error as { readonly name?: string; readonly $metadata?: object };
  return $metadata !== undefined || name === "CredentialsProviderError" || name === "TokenProviderError";
}

/** Splits a list into parts of `size`, as many as one request takes. */
export function inParts<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}
