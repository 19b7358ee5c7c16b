import { checkSeconds, type Undertaking } from "./check";

/** A service that a check queries. */
export interface Service {
  readonly name: string;
  /** The subject of the query, as worded in a notice that it was not checked. */
  readonly subject: string;
  /** Settings that a user may have wrong, besides the network. */
  readonly setting: string;
}

/**
 * A line about a service that can't be reached. Where Terraform may reach it in ways that these checks lack, through a
 * proxy or with the system's certificates, it is a notice instead: then Terraform finds out.
 */
export function unreachable(
  service: Service,
  error: unknown,
  { variables, notice }: Pick<Undertaking, "variables" | "notice">,
): string[] {
  const { name, subject, setting } = service;
  const reason = lastCauseOf(error);
  const obstacle = isProxied(variables)
    ? `a proxy is set, and ${name} can't be reached directly`
    : isDistrusted(error)
      ? `Node.js doesn't trust the certificate of ${name}; set NODE_EXTRA_CA_CERTS to its authority's certificate`
      : undefined;
  if (obstacle !== undefined) {
    notice(`${subject} not checked: ${obstacle} (${reason}).`);
    return [];
  }
  return [`${name} can't be reached (${reason}): check the network, and ${setting}`];
}

/** Neither the AWS SDK nor Node's own client supports proxies. */
function isProxied(variables: NodeJS.ProcessEnv): boolean {
  return (variables["HTTPS_PROXY"] ?? variables["https_proxy"] ?? "") !== "";
}

/** Source: OpenSSL, "X509_STORE_CTX_get_error", the codes of a chain without a trusted authority. */
const distrusted = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
];

function isDistrusted(error: unknown): boolean {
  return causesOf(error).some(({ code = "" }) => distrusted.includes(code));
}

function lastCauseOf(error: unknown): string {
  const causes = causesOf(error);
  if (causes.some(({ name }) => name === "TimeoutError" || name === "AbortError")) {
    return `no answer within ${checkSeconds} seconds`;
  }
  return causes.findLast(({ message }) => message)?.message ?? String(error);
}

/** An error and its causes, where `fetch` puts the reason. */
function causesOf(error: unknown): readonly Cause[] {
  if (typeof error !== "object" || error === null) {
    return [];
  }
  const cause = error as Cause;
  return [cause, ...causesOf(cause.errors?.[0] ?? cause.cause)];
}

interface Cause {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly cause?: unknown;
  /** For a host with several addresses, one error each. */
  readonly errors?: readonly unknown[];
}
