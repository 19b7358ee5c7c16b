/** AWS's response to a request that it refused. */
export interface Refused {
  readonly status: number;
  /** Region of the bucket, when S3 reports it. */
  readonly bucketRegion: string | undefined;
}

/** AWS's response behind an error of the SDK; undefined when there was none. */
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
