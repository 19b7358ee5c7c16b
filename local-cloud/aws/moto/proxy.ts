import { type IncomingMessage, request as send, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

import { readBody } from "../../http-server";
import { ApiError, notModelled, tooLarge } from "../protocol/api-error";
import { isForm, operationName } from "./operation-name";
import { mayHoldDocuments, withStoredDocuments } from "./stored-documents";

/** Signing names of the services that moto serves well enough: CloudWatch signs as `monitoring`. */
const served = new Set([
  ...["iam", "sts", "ecr", "logs", "s3", "events", "sns", "monitoring"],
  ...["secretsmanager", "ssm", "sqs", "states", "kms"],
]);

/** Milliseconds that moto may take for an answer. */
const timeout = 60_000;

/** The destination of a request. */
export interface ProxyTarget {
  /** Signing name. */
  readonly service: string;
  readonly port: number;
  readonly account: string;
  /** The request's body, if it has been read already. */
  readonly body?: string;
}

/** A call that moto has received. */
interface Passed {
  /** The operation. */
  readonly name: string;
  /** HTTP status of its answer. */
  readonly status: number;
  /** The error to answer instead of moto, which has failed. */
  readonly failure?: ApiError;
}

/**
 * Passes a request on to moto, as a call of this account.
 * @throws ApiError when the service is not one that moto serves, or moto does not answer
 */
export async function proxy(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: ProxyTarget,
): Promise<Passed> {
  const { service } = target;
  if (!served.has(service)) {
    throw notModelled(`the service ${service}`);
  }
  const holdsDocuments = mayHoldDocuments(service, incoming.headers);
  const sent =
    target.body ??
    (holdsDocuments || isForm(incoming.headers) ? await readBody(incoming, tooLarge) : undefined);
  const body = holdsDocuments && sent !== undefined ? withStoredDocuments(incoming.headers, sent) : sent;
  const answer = await forward(incoming, body, target);
  const { statusCode: status = 502 } = answer;
  const name = operationName(service, incoming, sent);
  // The page of a web server whose program has failed. Clients repeat the call, as at AWS, and report this in the end.
  if (status === 500 && answer.headers["content-type"]?.startsWith("text/html") === true) {
    answer.resume();
    const message = `The local cloud does not model ${service} ${name} as it was called, or moto failed at it.`;
    return { name, status, failure: new ApiError("InternalFailure", message, status) };
  }
  outgoing.writeHead(status, answer.headers);
  await pipeline(answer, outgoing);
  return { name, status };
}

/** @param body instead of the unread rest of the request */
async function forward(
  incoming: IncomingMessage,
  body: string | undefined,
  { port, account }: { readonly port: number; readonly account: string },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new ApiError("ServiceUnavailable", `moto did not answer: ${error.message}`, 503));
    const passed = send(
      {
        host: "127.0.0.1",
        port,
        timeout,
        method: incoming.method,
        path: incoming.url,
        headers: {
          ...incoming.headers,
          ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }),
          "x-moto-account-id": account,
        },
      },
      resolve,
    );
    passed.once("error", fail);
    passed.once("timeout", () => passed.destroy(new Error(`nothing within ${timeout / 1000} s`)));
    if (body === undefined) {
      pipeline(incoming, passed).catch(fail);
    } else {
      passed.end(body);
    }
  });
}
