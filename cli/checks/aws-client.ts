import { checkSeconds } from "./check";

/** Settings of the SDK's clients: two tries fit into the time of a check. */
export function clientSettings(region: string) {
  // On the Node.js versions this project runs on, the SDK announces the end of their support at every start.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const milliseconds = 400 * checkSeconds;
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

/** What `work` returns, unless the deadline comes first: no time-out of a request covers, say, a credential process. */
export async function before<T>(deadline: AbortSignal, work: Promise<T>): Promise<T> {
  let stop = (): void => undefined;
  const expiry = new Promise<never>((_, reject) => {
    stop = () => {
      reject(deadline.reason as Error);
    };
    if (deadline.aborted) {
      stop();
    }
    deadline.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    deadline.removeEventListener("abort", stop);
  }
}

/** How AWS has answered, for an error that is an answer. */
export interface Refused {
  readonly status: number;
  /** Of the bucket, when S3 tells it. */
  readonly bucketRegion: string | undefined;
}

/** The answer that an error of the SDK stands for; undefined when there was none. */
export function refusedBy(error: unknown): Refused | undefined {
  const { $fault, $metadata, $response } = error as SdkError;
  return $fault === undefined
    ? undefined
    : {
        status: $metadata?.httpStatusCode ?? 0,
        bucketRegion: $response?.headers?.["x-amz-bucket-region"],
      };
}

interface SdkError {
  readonly $fault?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}
