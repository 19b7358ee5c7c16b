import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/** Whether the body is a form, as of the Query protocol. */
export function isForm(headers: IncomingHttpHeaders): boolean {
  return headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
}

/**
 * The operation that a request is for: by its target, its path or, in the Query protocol, its `Action`; of S3 by method
 * and path. Source: Smithy, the AWS protocols; Amazon S3 API Reference.
 * @param form the body, where it is one
 */
export function operationName(
  service: string,
  { method = "", url = "", headers }: IncomingMessage,
  form: string | undefined,
): string {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const target = headers["x-amz-target"];
  if (typeof target === "string") {
    return target.split(".").at(-1) ?? target;
  }
  if (service === "s3") {
    return s3Operation(method, pathname, [...searchParams.keys()]);
  }
  const [, byPath] = /\/operation\/(\w+)$/.exec(pathname) ?? [];
  const action = new URLSearchParams(form).get("Action") ?? searchParams.get("Action");
  return byPath ?? action ?? `${method} ${pathname}`;
}

/** Parameters of a request to S3 that aren't part of its operation's name. */
const plain =
  /^(list-type|prefix|delimiter|max-keys|encoding-type|continuation-token|versionId|x-id|X-Amz-.*)$/i;

/** `HeadBucket`, `PutObject`, `ListObjects`; of a part of either, such as a bucket's versioning, `PutBucket versioning`. */
function s3Operation(method: string, pathname: string, parameters: readonly string[]): string {
  const [, , key = ""] = pathname.split("/");
  const part = parameters.find((name) => !plain.test(name));
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  if (part !== undefined) {
    return `${verb}${key === "" ? "Bucket" : "Object"} ${part}`;
  }
  return key === "" && method === "GET" ? "ListObjects" : `${verb}${key === "" ? "Bucket" : "Object"}`;
}
