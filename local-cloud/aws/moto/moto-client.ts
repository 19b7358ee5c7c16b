import { IAMClient } from "@aws-sdk/client-iam";

/** Calls moto as one account, past the gateway. */
export interface MotoClient {
  /** A call of a service that speaks JSON 1.1, such as `AmazonSSM.GetParameters`. @throws MotoError */
  json<Output>(service: string, region: string, target: string, input: object): Promise<Output>;
  readonly iam: IAMClient;
}

/** An answer other than success. */
export class MotoError extends Error {
  constructor(
    /** The service's name of the error: `ResourceNotFoundException`, `NoSuchEntity`, … */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Seconds that an answer may take. */
const timeout = 30;

/** Talks to the moto on this port of 127.0.0.1. */
export function motoClient(port: number, account: string): MotoClient {
  const endpoint = `http://127.0.0.1:${port}/`;
  const send = async (
    scope: string,
    headers: Readonly<Record<string, string>>,
    body: string,
  ): Promise<{ readonly ok: boolean; readonly text: string }> => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        ...headers,
        // moto reads the service and the region here; it checks no signature.
        authorization: `AWS4-HMAC-SHA256 Credential=local/20260101/${scope}/aws4_request, Signature=none`,
        "x-moto-account-id": account,
      },
      body,
      signal: AbortSignal.timeout(timeout * 1000),
    });
    return { ok: response.ok, text: await response.text() };
  };
  let iam: IAMClient | undefined;
  return {
    json: async <Output>(service: string, region: string, target: string, input: object) => {
      const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": target };
      const { ok, text } = await send(`${region}/${service}`, headers, JSON.stringify(input));
      if (!ok) {
        const { __type: code = "Unknown", message = text } = JSON.parse(text) as Record<string, string>;
        throw new MotoError(code, message);
      }
      // An operation without output answers with nothing.
      return JSON.parse(text === "" ? "{}" : text) as Output;
    },
    get iam() {
      return (iam ??= createIam(endpoint, account));
    },
  };
}

function createIam(endpoint: string, account: string): IAMClient {
  const iam = new IAMClient({
    region: "us-east-1",
    endpoint,
    credentials: { accessKeyId: "local", secretAccessKey: "none" },
    requestHandler: { requestTimeout: timeout * 1000 },
  });
  iam.middlewareStack.add(
    (next) => (call) => {
      (call.request as { headers: Record<string, string> }).headers["x-moto-account-id"] = account;
      return next(call);
    },
    { step: "build" },
  );
  return iam;
}
