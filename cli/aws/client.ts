/** Seconds that a question to AWS may take, with everything that it asks one after the other. */
const boundSeconds = 30;

/** Settings of the SDK's clients. */
export function clientSettings(region: string) {
  // On the Node.js versions this project runs on, the SDK announces the end of their support at every start.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  return {
    region,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 4000, requestTimeout: 8000, throwOnRequestTimeout: true },
  };
}

/** Asks a client, within a bound that also holds for what no time-out of a request covers, and ends it. */
export async function ask<C extends { destroy(): void }, T>(
  client: C,
  question: (client: C) => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${boundSeconds} seconds`));
    }, boundSeconds * 1000);
  });
  try {
    return await Promise.race([question(client), expiry]);
  } finally {
    clearTimeout(timer);
    client.destroy();
  }
}

/** What went wrong, on one line. */
export function reasonOf(error: unknown): string {
  const { name, message } = error as Error;
  return `${name}: ${message.split("\n")[0] ?? ""}`;
}

/** These in parts of `size`, as many as one request takes. */
export function inParts<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}
