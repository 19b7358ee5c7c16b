import { type IncomingMessage, request as send, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

import { ApiError, notModelled } from "./api-error";
import type { CredentialScope } from "./signature";

/** Signing names of the services that moto serves well enough: CloudWatch signs as `monitoring`. */
const served = new Set([
  ...["iam", "sts", "ecr", "logs", "s3", "events", "sns", "monitoring"],
  ...["secretsmanager", "ssm"],
]);

/** Milliseconds that moto may take for an answer. */
const timeout = 60_000;

/**
 * Passes a request on to moto, as a call of this account.
 * @throws ApiError when the service is not one that moto serves, or moto does not answer
 */
export async function proxy(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: { readonly scope: CredentialScope; readonly port: number; readonly account: string },
): Promise<void> {
  if (!served.has(target.scope.service)) {
    throw notModelled(`the service ${target.scope.service}`);
  }
  const answer = await forward(incoming, target);
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  await pipeline(answer, outgoing);
}

async function forward(
  incoming: IncomingMessage,
  { port, account }: { readonly port: number; readonly account: string },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(new ApiError("ServiceUnavailable", `moto did not answer: ${error.message}`, 503));
    };
    const passed = send(
      {
        host: "127.0.0.1",
        port,
        timeout,
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, "x-moto-account-id": account },
      },
      resolve,
    );
    passed.once("error", fail);
    passed.once("timeout", () => passed.destroy(new Error(`nothing within ${timeout / 1000} s`)));
    pipeline(incoming, passed).catch(fail);
  });
}
